"""POST /v1/feedback on a running server: what is recorded of an answer, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from crossover.adapters.feedback import read_feedback
from crossover.adapters.prompt import Message
from crossover.server.feedback import GivenAnswers
from crossover.server.protocol import Question, Target

QUESTION = "Who runs the Velmora office?"
TRACE = {"dropped": {"history": 0}}


@pytest.fixture(scope="module")
def http(server: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=120, trust_env=False) as client:
        yield client


def ask(http: httpx.Client, model: str, **fields: Any) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 8}
    return dict(http.post("/v1/chat/completions", json=body | fields).json())


def test_feedback_is_kept_with_all_that_is_known_of_the_answer(server: Any, http: httpx.Client) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": QUESTION},
    ]
    answer = ask(http, "hybrid:tickets", messages=messages)
    told = http.post("/v1/feedback", json={"answer_id": answer["id"], "rating": "bad", "correction": " Berit Halm "})
    assert told.status_code == 201 and told.json()["correction"] == "Berit Halm"
    lines, broken = read_feedback(server.home)
    row = lines[-1].feedback
    assert not broken and lines[-1].file == server.home / "feedback" / f"{http.get('/healthz').json()['id']}.jsonl"
    assert (row.question, row.system, [turn.content for turn in row.history]) == (
        QUESTION, "Be brief.", ["Hello", "Yes?"],
    )  # fmt: skip
    assert (row.answer, row.model) == (answer["choices"][0]["message"]["content"], "hybrid:tickets")
    assert (row.strategy, row.adapter) == ("hybrid", answer["crossover"]["adapter"])
    assert row.sources == answer["crossover"]["sources"] and row.sources[0]["document"].startswith("offices/")


def test_a_streamed_answer_and_one_of_several_choices_and_of_a_comparison_take_feedback(
    server: Any, http: httpx.Client
) -> None:
    chunks = list(
        server.client.chat.completions.create(
            model="finetune:tickets", messages=[{"role": "user", "content": QUESTION}], stream=True, n=2, temperature=1
        )
    )
    texts = ["", ""]
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    told = http.post("/v1/feedback", json={"answer_id": chunks[0].id, "choice": 1, "rating": "good"}).json()
    assert (told["answer"], told["choice"], told["correction"]) == (texts[1], 1, None)
    (compared,) = http.post("/v1/compare", json={"question": QUESTION, "strategies": ["base"]}).json()["answers"]
    told = http.post("/v1/feedback", json={"answer_id": compared["id"], "rating": "good"}).json()
    assert told["answer"] == compared["answer"]


@pytest.mark.parametrize(
    ("fields", "status", "param", "code"),
    [
        ({"answer_id": "chatcmpl-0"}, 404, "answer_id", "answer_not_found"),
        ({"rating": None}, 400, "rating", "missing_required_parameter"),
        ({"rating": "fine"}, 400, "rating", "invalid_value"),
        ({"correction": " "}, 400, "correction", "invalid_value"),
        ({"choice": 1}, 400, "choice", "invalid_value"),
        ({"stars": 5}, 400, "stars", "unknown_parameter"),
        ({"answer_id": None}, 400, "answer_id", "invalid_value"),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_nothing_written(
    server: Any, http: httpx.Client, fields: dict[str, Any], status: int, param: str, code: str
) -> None:
    before = len(read_feedback(server.home)[0])
    body = {"answer_id": ask(http, "base")["id"], "rating": "good"} | fields
    told = http.post("/v1/feedback", json=body)
    error = told.json()["error"]
    assert (told.status_code, error["param"], error["code"]) == (status, param, code)
    assert len(read_feedback(server.home)[0]) == before


def test_the_latest_answers_are_remembered_and_older_ones_forgotten() -> None:
    given = GivenAnswers(2)
    for name in ("a", "b", "c"):
        given.remember(name, "base", Question(Target("base"), name), [name], TRACE)
    assert given.get("b").question.text == "b" and json.dumps(given.get("c").texts) == '["c"]'
    with pytest.raises(LookupError, match="latest 2 answers"):
        given.get("a")


def test_long_answers_leave_before_the_others_would_and_the_latest_stays_however_long_it_is() -> None:
    given = GivenAnswers(100, most_bytes=3000)
    for name in ("a", "b", "c"):
        given.remember(name, "base", Question(Target("base"), name), ["word " * 200], TRACE)
    assert given.get("b") and given.get("c")
    with pytest.raises(LookupError):
        given.get("a")
    given.remember("d", "base", Question(Target("base"), "d"), ["word " * 2000], TRACE)
    assert given.get("d")
    with pytest.raises(LookupError):
        given.get("c")


def test_of_a_conversation_what_stood_in_the_prompt_is_remembered() -> None:
    turns = (Message("user", "Hello " * 1000), Message("assistant", "Yes?"), Message("user", "Go on"))
    given = GivenAnswers(2)
    given.remember("a", "base", Question(Target("base"), "?", turns), ["a"], {"dropped": {"history": 2}})
    assert given.get("a").question.history == turns[2:]
