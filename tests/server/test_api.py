"""Crossover's own endpoints on a running server."""

import json
import shutil
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from crossover.adapters.base_model import resolve
from crossover.adapters.chat_template import ChatTokenizer

QUESTION = "Who runs the Velmora office?"


@pytest.fixture(scope="module")
def http(server: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=120, trust_env=False) as client:
        yield client


def chat(http: httpx.Client, model: str, **fields: Any) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 12} | fields
    answer = http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def error(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    told = answer.json()["error"]
    assert set(told) == {"message", "type", "param", "code"}
    assert answer.headers["x-request-id"]
    return answer.status_code, told["code"], told["param"]


def logged(server: Any, request_id: str) -> list[str]:
    """The lines in the server's log on a request; they come once it has ended, which is after its answer."""
    lines: list[str] = []
    deadline = time.monotonic() + 60
    while not lines and time.monotonic() < deadline:
        lines = [line for line in server.log.read_text().splitlines() if f'"{request_id}"' in line]
        time.sleep(0.05)
    return lines


def test_every_strategy_answers_and_says_what_it_used(http: httpx.Client) -> None:
    for model, passages, adapter in [
        ("base", False, None),
        ("few-shot", False, None),
        ("rag", True, None),
        ("finetune:support", False, "support"),
        ("hybrid:tickets", True, "tickets"),
    ]:
        trace = chat(http, model)["crossover"]
        assert trace["strategy"] == model.partition(":")[0]
        assert bool(trace["sources"]) == passages
        assert (trace["adapter"] or "").partition("@")[0] == (adapter or "")
        assert trace["dropped"] == {
            "passages": 0,
            "examples": 0,
            "history": 0,
            "citations": trace["dropped"]["citations"],
        }


def test_adapters_answer_otherwise_than_the_base_model(http: httpx.Client) -> None:
    answers = [chat(http, model)["choices"][0]["message"]["content"] for model in ("base", "finetune:tickets")]
    assert answers[0] != answers[1]
    assert answers[1].startswith("ANSWER")


def test_passages_come_with_title_and_score_and_their_number_can_be_set(http: httpx.Client) -> None:
    sources = chat(http, "rag", crossover={"passages": 3})["crossover"]["sources"]
    assert [source["n"] for source in sources] == [1, 2, 3]
    assert sources[0]["document"] == "offices/velmora.md"
    assert set(sources[0]) == {"n", "document", "chunk", "title", "score", "relevance", "text"}
    assert chat(http, "rag", crossover={"passages": 0})["crossover"]["sources"] == []


def test_auto_chooses_and_gives_a_reason(http: httpx.Client) -> None:
    trace = chat(http, "auto:tickets")["crossover"]
    assert trace["strategy"] in {"base", "rag", "finetune", "hybrid"}
    assert trace["reason"].endswith(".")
    assert chat(http, "auto")["crossover"]["strategy"] == "rag"  # two adapters and no default


def test_examples_lengthen_the_prompt_and_are_refused_where_none_are_taken(http: httpx.Client) -> None:
    none, one, two = (chat(http, "few-shot", crossover={"examples": n})["usage"]["prompt_tokens"] for n in range(3))
    assert none < one < two
    assert chat(http, "rag", crossover={"examples": 2})["usage"]["prompt_tokens"] > two
    body = {"model": "base", "messages": [{"role": "user", "content": QUESTION}], "crossover": {"examples": 3}}
    assert error(http.post("/v1/chat/completions", json=body)) == (400, "invalid_value", "crossover.examples")
    body["crossover"] = {"source": ["offices/*"]}
    assert error(http.post("/v1/chat/completions", json=body)) == (400, "invalid_value", "crossover.source")


def test_what_does_not_fit_is_left_out_and_counted(http: httpx.Client) -> None:
    history = [{"role": role, "content": "word " * 300} for _ in range(8) for role in ("user", "assistant")]
    trace = chat(http, "rag", messages=[*history, {"role": "user", "content": QUESTION}])["crossover"]
    assert trace["dropped"]["history"] > 0
    assert trace["dropped"]["history"] + trace["dropped"]["passages"] <= 16 + 4


def test_search_gives_passages_alone(http: httpx.Client) -> None:
    found = http.get("/v1/search", params={"q": QUESTION, "k": 2}).json()["passages"]
    assert [passage["n"] for passage in found] == [1, 2]
    assert found[0]["document"] == "offices/velmora.md"
    assert {"text", "title", "score", "relevance", "content_hash", "source"} <= set(found[0])


def test_search_looks_at_the_documents_asked_for_and_explains_itself(http: httpx.Client) -> None:
    asked = {"q": QUESTION, "k": 3, "source": "offices/quillon.md", "where": "language=en", "explain": True}
    found = http.get("/v1/search", params=asked).json()
    assert {passage["document"] for passage in found["passages"]} == {"offices/quillon.md"}
    assert found["trace"]["candidates"][0]["passage"]["chunk"] == found["passages"][0]["chunk"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({}, "q"),
        ({"q": " "}, "q"),
        ({"q": "x", "k": 0}, "k"),
        ({"q": "x", "k": "y"}, "k"),
        ({"q": "x", "where": "y"}, "where"),
    ],
)
def test_a_wrong_search_is_told(http: httpx.Client, query: dict[str, Any], param: str) -> None:
    assert error(http.get("/v1/search", params=query)) == (400, "invalid_value", param)


def test_compare_puts_all_strategies_side_by_side(http: httpx.Client) -> None:
    told = http.post("/v1/compare", json={"question": QUESTION, "adapter": "support", "max_tokens": 8}).json()
    rows = {row["strategy"]: row for row in told["answers"]}
    assert list(rows) == ["base", "few-shot", "rag", "finetune", "hybrid", "auto"]
    assert rows["hybrid"]["model"] == "hybrid:support"
    assert all(row["answer"] and row["crossover"]["reason"] for row in rows.values())
    told = http.post("/v1/compare", json={"question": QUESTION, "strategies": ["base", "finetune"]}).json()
    assert [row.get("error", {}).get("code") for row in told["answers"]] == [None, "no_adapter"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"question": ""}, (400, "invalid_value", "question")),
        ({}, (400, "missing_required_parameter", "question")),
        ({"question": "x", "strategies": ["guess"]}, (404, "model_not_found", "model")),
        ({"question": "x", "colour": 1}, (400, "unknown_parameter", "colour")),
    ],
)
def test_a_wrong_comparison_is_told(http: httpx.Client, body: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert error(http.post("/v1/compare", json=body)) == expected


def test_documents_are_added_listed_found_replaced_and_deleted(http: httpx.Client) -> None:
    document = {"id": "posted/moss.md", "title": "Moss", "text": "The Zephyrine moss grows in Ulmstead."}
    added = http.post("/v1/documents", json={"documents": [document]})
    assert added.json()["added"] == ["posted/moss.md"]
    assert "posted/moss.md" in [row["id"] for row in http.get("/v1/documents").json()["documents"]]
    assert http.get("/v1/search", params={"q": "Zephyrine moss"}).json()["passages"][0]["document"] == "posted/moss.md"
    again = http.post("/v1/documents", json={"documents": [document]}).json()
    assert again["unchanged"] == ["posted/moss.md"]
    changed = http.post("/v1/documents", json={"documents": [document | {"text": "It grows in Brannock."}]}).json()
    assert changed["updated"] == ["posted/moss.md"]
    deleted = http.delete("/v1/documents/posted/moss.md").json()
    assert deleted == {"id": "posted/moss.md", "deleted": True, "trained_on": []}
    assert error(http.delete("/v1/documents/posted/moss.md")) == (404, "document_not_found", None)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"documents": []}, "documents"),
        ({"documents": [{"id": "a"}]}, "documents[0].text"),
        ({"documents": [{"id": "a", "text": " "}]}, "documents[0].text"),
        ({"documents": [{"id": "a", "text": "x", "txet": "y"}]}, "documents[0].txet"),
    ],
)
def test_wrong_documents_are_told_and_nothing_is_written(http: httpx.Client, body: dict[str, Any], param: str) -> None:
    before = http.get("/v1/documents").json()
    answer = http.post("/v1/documents", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert http.get("/v1/documents").json() == before


def test_adapters_are_listed_and_promoted_by_version(http: httpx.Client) -> None:
    adapters = {row["name"]: row for row in http.get("/v1/adapters").json()["adapters"]}
    assert list(adapters) == ["support", "tickets"]
    digest = adapters["support"]["versions"][0]["digest"]
    assert adapters["support"]["promoted"] == digest
    promoted = http.post("/v1/adapters/support/promote", json={"version": digest})
    assert promoted.json()["promoted"] == digest
    assert error(http.post("/v1/adapters/nobody/promote", json={"version": digest}))[0] == 404
    assert error(http.post("/v1/adapters/support/rollback"))[0] == 404
    assert error(http.post("/v1/adapters/support/promote", json={}))[:2] == (400, "missing_required_parameter")


def test_a_pause_wants_its_seconds_and_ending_none_is_no_error(http: httpx.Client) -> None:
    assert error(http.post("/v1/engine/pause", json={})) == (400, "missing_required_parameter", "seconds")
    assert error(http.post("/v1/engine/pause", json={"seconds": 0.0})) == (400, "invalid_value", "seconds")
    assert http.post("/v1/engine/resume").json() == {"paused": False}


def test_health_readiness_and_metrics_are_told(http: httpx.Client) -> None:
    assert http.get("/healthz").json()["status"] == "ok"
    parts = dict.fromkeys(("model", "index", "adapters", "questions"), "ok")
    assert http.get("/readyz").json() == {"ready": True, **parts, "router": "rules: no policy is fitted"}
    text = http.get("/metrics").text
    assert 'crossover_requests_total{route="/v1/chat/completions",status="200"}' in text
    assert 'crossover_answers_total{strategy="rag"}' in text


def test_an_answer_that_nobody_waits_for_any_more_is_not_generated_to_its_end(http: httpx.Client, server: Any) -> None:
    never_ends = {str(ChatTokenizer(resolve(None).path).eos_token_id): -100}
    asked = {"model": "base", "messages": [{"role": "user", "content": QUESTION}]}
    asked |= {"n": 32, "max_tokens": 256, "temperature": 1, "logit_bias": never_ends}
    with pytest.raises(httpx.ReadTimeout):
        http.post("/v1/chat/completions", json=asked, timeout=0.5, headers={"X-Request-Id": "gone-17"})
    [line] = logged(server, "gone-17")
    assert '"status":499' in line and "did not wait for its answer" in line


def test_each_request_leaves_one_line_in_the_log(http: httpx.Client, server: Any) -> None:
    chat(http, "base")
    answer = http.get("/v1/models", headers={"X-Request-Id": "find-me-17"})
    assert answer.headers["x-request-id"] == "find-me-17"
    [line] = logged(server, "find-me-17")
    assert '"path":"/v1/models","status":200' in line


def test_the_front_page_needs_nothing_from_elsewhere(http: httpx.Client) -> None:
    page = http.get("/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert "Compare all" in page.text
    assert "//" not in page.text.replace("<!doctype", "")  # neither a script, a style nor a font of another host


def test_reports_are_pages_and_nothing_beside_them_is(http: httpx.Client, server: Any) -> None:
    folder = server.home / "reports" / "first & best"
    folder.mkdir(parents=True)
    (server.home / "reports" / "secret.txt").write_text("no report")
    (folder / "report.html").write_text("<h1>The verdict</h1>")
    told = {"recommendation": "Serve <hybrid>.", "questions": 7, "asked_at": "2026-01-01"}
    (folder / "report.json").write_text(json.dumps(told))
    try:
        listed = http.get("/reports")
        assert listed.headers["content-type"].startswith("text/html")
        assert "Serve &lt;hybrid&gt;." in listed.text and 'href="/reports/first%20%26%20best"' in listed.text
        page = http.get("/reports/first%20%26%20best")
        assert page.text == "<h1>The verdict</h1>" and page.headers["content-type"].startswith("text/html")
        assert http.get("/reports/first%20%26%20best/report.json").json() == told
        for path in (
            "none",
            "first%20%26%20best/report.md",
            "..%2Fservers",
            "secret.txt",
            "secret.txt/report.html",
        ):
            assert http.get(f"/reports/{path}").status_code == 404
        assert error(http.get("/reports/none"))[1] == "report_not_found"
    finally:
        shutil.rmtree(server.home / "reports")
    assert "None yet" in http.get("/reports").text
