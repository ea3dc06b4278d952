"""`auto` on a running server: /v1/route, a policy that appears and goes, and what requests may ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from asked_questions import asked

from crossover.eval.router.fit import scale_of
from crossover.server.routing.checking import SEEN, Check
from crossover.server.routing.circumstances import Circumstances
from crossover.server.routing.distribution import Distribution
from crossover.server.routing.estimators import Rate
from crossover.server.routing.features import FEATURE_VERSION, NAMES, Features
from crossover.server.routing.policy import FILE, Policy

QUESTION = "Who runs the Velmora office?"


@pytest.fixture(scope="module")
def http(server: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=120, trust_env=False) as client:
        yield client


@pytest.fixture
def save(server: Any, http: httpx.Client) -> Iterator[Any]:
    """Writes a policy with fixed chances into the server's home; the home is left without one."""
    seen = http.post("/v1/route", json={"question": QUESTION, "adapter": "tickets"}).json()
    path = server.home / FILE

    def write(checks: dict[str, float] | None = None, **chances: float) -> None:
        known = Features(**{**seen["features"][0], "adapter": True}).vector()
        rows = np.vstack([asked(50).rows, np.tile(known, (50, 1))])
        scale, wider = scale_of(rows), scale_of(np.hstack([rows, np.zeros((len(rows), SEEN))]))
        Policy(
            feature_version=FEATURE_VERSION,
            features=list(NAMES),
            fitted_at="2026-01-01T00:00:00+00:00",
            circumstances=Circumstances.model_validate(seen["circumstances"]),
            adapters=["tickets"],
            runs=[],
            scale=scale,
            estimators={name: Rate(rate=chance) for name, chance in chances.items()},
            costs={"rag": 0.9, "finetune": 0.3, "hybrid": 1.0, "abstain": 0.0, "few-shot": 0.8, "base": 0.3},
            checks={name: Check(scale=wider, estimator=Rate(rate=chance)) for name, chance in (checks or {}).items()},
            distribution=Distribution.of(rows, scale.standard(rows)),
        ).save(path)

    try:
        yield write
    finally:
        path.unlink(missing_ok=True)


def auto(http: httpx.Client, **fields: Any) -> httpx.Response:
    body = {"model": "auto:tickets", "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 12}
    return http.post("/v1/chat/completions", json=body | fields)


def test_a_route_is_explained_without_an_answer(http: httpx.Client) -> None:
    told = http.post("/v1/route", json={"question": QUESTION, "adapter": "tickets"}).json()
    assert told["strategy"] in {"rag", "finetune", "hybrid"} and told["reason"].endswith(".")
    assert told["router"] == {"by": "rules"}
    [features] = told["features"]
    assert features["adapter"] == "tickets" and features["similarity"] > 0.9
    assert set(NAMES) <= set(features) and told["feature_version"] == FEATURE_VERSION
    assert features["best_unseen"] is None  # trained without context: the card says nothing


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "question"),
        ({"question": " "}, 400, "question"),
        ({"question": "x", "cost_weight": -1}, 400, "cost_weight"),
        ({"question": "x", "adapter": "nobody"}, 404, "model"),
    ],
)
def test_a_wrong_route_is_told(http: httpx.Client, body: dict[str, Any], status: int, param: str) -> None:
    answer = http.post("/v1/route", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


def test_a_fitted_policy_is_taken_up_and_each_request_may_weigh_cost(http: httpx.Client, save: Any) -> None:
    save(rag=0.7, finetune=0.6, abstain=0.1)
    assert http.get("/readyz").json()["router"].startswith("policy of 2026-01-01")
    trace = auto(http).json()["crossover"]
    assert (trace["strategy"], trace["adapter"], trace["router"]["by"]) == ("rag", None, "policy")
    assert trace["router"]["estimates"]["finetune:tickets"]["right"] == pytest.approx(0.6)
    assert len(trace["sources"]) == 3  # the router looked deeper than the prompt
    cheap = auto(http, crossover={"cost_weight": 0.5}).json()["crossover"]
    assert cheap["strategy"] == "finetune" and cheap["adapter"].startswith("tickets@")
    assert "cheaper than rag" in cheap["reason"]
    refused = auto(http, model="rag", crossover={"cost_weight": 0.5})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "crossover.cost_weight")


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_does_not_look_right_is_asked_again_of_the_next_strategy(
    http: httpx.Client, server: Any, save: Any, *, stream: bool
) -> None:
    save(checks={"rag": 0.1}, rag=0.7, finetune=0.6, abstain=0.1)
    plain, other = auto(http).json(), auto(http, model="finetune:tickets").json()
    assert "checked" not in plain["crossover"]["router"]
    text, trace, usage = cascaded(server, stream=stream)
    assert text == other["choices"][0]["message"]["content"]
    assert (trace["strategy"], trace["sources"]) == ("finetune", [])
    assert trace["adapter"].startswith("tickets@")
    first = trace["router"]["checked"]
    assert (first["strategy"], first["right"]) == ("rag", pytest.approx(0.1))
    assert first["answer"] == plain["choices"][0]["message"]["content"]
    assert "rag answered first, but its answer is hardly right (10 %)" in trace["reason"]
    assert usage == sum(each["usage"]["total_tokens"] for each in (plain, other))  # both were paid for


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_looks_right_stays(http: httpx.Client, server: Any, save: Any, *, stream: bool) -> None:
    save(checks={"rag": 0.65}, rag=0.7, finetune=0.6, abstain=0.1)
    plain = auto(http).json()
    text, trace, usage = cascaded(server, stream=stream)
    assert (text, usage) == (plain["choices"][0]["message"]["content"], plain["usage"]["total_tokens"])
    assert trace["router"]["checked"] == {"strategy": "rag", "adapter": None, "right": 0.65}


@pytest.mark.parametrize("stream", [False, True])
def test_where_the_next_best_is_to_say_that_it_does_not_know_it_says_so(
    http: httpx.Client, server: Any, save: Any, *, stream: bool
) -> None:
    save(checks={"rag": 0.1}, rag=0.7, abstain=0.6)
    text, trace, _ = cascaded(server, stream=stream)
    assert (text, trace["strategy"], trace["sources"]) == ("I don't know.", "abstain", [])
    assert trace["timings_ms"]["generate"] > 1  # to refuse takes no time, the answer before it did
    several = auto(http, n=2, crossover={"cascade": True}).json()
    assert several["crossover"]["strategy"] == "rag"  # which of several answers to judge by, nobody can say
    refused = auto(http, model="rag", crossover={"cascade": True})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "crossover.cascade")


def cascaded(server: Any, *, stream: bool) -> tuple[str, dict[str, Any], int]:
    """Text, trace and tokens of an answer that is checked."""
    asked_for: dict[str, Any] = {
        "model": "auto:tickets", "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 12,
        "extra_body": {"crossover": {"cascade": True}},
    }  # fmt: skip
    if not stream:
        answer = server.client.chat.completions.create(**asked_for)
        return answer.choices[0].message.content, answer.model_extra["crossover"], answer.usage.total_tokens
    pieces = list(
        server.client.chat.completions.create(**asked_for, stream=True, stream_options={"include_usage": True})
    )
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    return text, pieces[-1].model_extra["crossover"], pieces[-1].usage.total_tokens


def test_where_nothing_is_likely_right_it_says_so_whole_and_streamed(
    server: Any, http: httpx.Client, save: Any
) -> None:
    save(rag=0.1, finetune=0.1, abstain=0.8)
    answer = auto(http, n=2).json()
    assert [choice["message"]["content"] for choice in answer["choices"]] == ["I don't know."] * 2
    assert answer["crossover"]["strategy"] == "abstain" and answer["usage"]["completion_tokens"] == 0
    pieces = list(
        server.client.chat.completions.create(
            model="auto:tickets", messages=[{"role": "user", "content": QUESTION}], stream=True
        )
    )
    assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == "I don't know."
    assert pieces[-1].model_extra["crossover"]["strategy"] == "abstain"


def test_a_policy_that_does_not_belong_here_leaves_the_rules_and_is_told(
    server: Any, http: httpx.Client, save: Any
) -> None:
    save(rag=0.7, finetune=0.6)
    path = server.home / FILE
    path.write_text(path.read_text().replace('"base_fingerprint": "', '"base_fingerprint": "0'))
    told = http.get("/readyz")
    assert told.status_code == 200
    assert told.json()["router"].startswith("rules: ") and "another base model" in told.json()["router"]
    assert auto(http).json()["crossover"]["router"] == {"by": "rules"}
    assert "the rules serve" in server.log.read_text()
