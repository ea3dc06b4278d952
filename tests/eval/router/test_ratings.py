"""Rated answers, joined with what the router saw of their questions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked_questions import HERE, asked, features, fitted

from crossover.adapters.feedback import Feedback, record
from crossover.eval.router.fit import fit, log_loss
from crossover.eval.router.ratings import Rated, read
from crossover.server.routing.choice import View
from crossover.server.routing.routing_log import RoutingLog

LATER = datetime.now(UTC) + timedelta(hours=1)


def rate(home: Path, question: str, **said: Any) -> None:
    row = {
        "at": LATER.isoformat(), "answer_id": "a", "question": question, "answer": "Ada", "strategy": "hybrid",
        "model": "hybrid", "adapter": "house@3f9c2a41d0be", **said,
    }  # fmt: skip
    record(home, "one", Feedback.model_validate(row))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home on which two questions were routed."""
    log = RoutingLog(tmp_path, HERE)
    for question, changed in (("Who runs the mill?", True), ("Who runs the yard?", False)):
        log.append(question, [("house", features(changed=changed))], "hybrid", "exploration", None)
    return tmp_path


def test_a_rating_tells_of_the_strategy_that_answered_what_was_seen_then(home: Path) -> None:
    rate(home, "Who runs the mill?", rating="good")
    rate(home, "Who runs the yard?", rating="good", correction="Berit Halm")  # so it was not right
    found = {each.view.features.best_unseen: each for each in read(home, HERE, ["house"]).rated}
    assert (found[True].strategy, found[True].right, found[True].view.adapter) == ("hybrid", 1.0, "house")
    assert found[True].view.features == features(changed=True)
    assert found[False].right == 0.0


def test_the_last_word_on_an_answer_counts(home: Path) -> None:
    rate(home, "Who runs the mill?", rating="good")
    rate(home, "Who runs the mill?", rating="bad", at=(LATER + timedelta(hours=1)).isoformat())
    assert [each.right for each in read(home, HERE, ["house"]).rated] == [0.0]


def test_what_cannot_be_learnt_from_is_counted_with_its_reason(home: Path) -> None:
    rate(home, "Who is nobody?", rating="good")
    rate(home, "Who runs the mill?", rating="good", strategy="abstain")
    rate(home, "Who runs the mill?", rating="good", at="2020-01-01T00:00:00Z")
    (home / "feedback" / "torn.jsonl").write_text('{"at": "20')
    found = read(home, HERE, ["house"])
    assert found.rated == []
    assert found.left_out == {
        "the router's log has no such question (CROSSOVER_ROUTER_LOG)": 2,
        "no rating of a strategy": 1,
    }
    rate(home, "Who runs the yard?", rating="bad")
    elsewhere = read(home, HERE.model_copy(update={"passages": 3}), ["house"])
    assert elsewhere.left_out["answered under another model, prompts or features"] == 1


def test_an_answer_by_another_adapter_or_to_more_than_the_question_tells_nothing(home: Path) -> None:
    rate(home, "Who runs the mill?", rating="bad", adapter="tickets@77aa00bb11cc", strategy="finetune")
    rate(home, "Who runs the mill?", rating="bad", system="Answer in verse.")
    rate(home, "Who runs the yard?", rating="bad", history=[{"role": "user", "content": "Which mill?"}])
    assert read(home, HERE, ["house", "tickets"]).rated == []
    assert list(read(home, HERE, ["house", "tickets"]).left_out.values()) == [1, 2]
    rate(home, "Who runs the mill?", rating="good")
    assert len(read(home, HERE, ["house"]).rated) == 1
    assert read(home, HERE, ["tickets"]).rated == []  # no run is of it


def test_a_rated_question_of_a_run_is_held_out_with_its_group() -> None:
    coins = np.random.default_rng(0).integers(2, size=120).astype(float)
    some = asked(120)
    some = replace(some, scores=some.scores | {"hybrid": coins})
    known = zip(some.views, coins, some.questions, strict=True)
    rated = [Rated(view, "hybrid", right, question) for view, right, question in known for _ in range(20)]
    _, held_out = fit(some, rated)
    assert log_loss(held_out["hybrid"], coins) > 0.68  # nothing is to be learnt of coins, unless they are seen


def test_ratings_move_the_estimates_of_what_they_tell_of_and_no_others() -> None:
    changed = View("house", features(changed=True))
    rated = [Rated(changed, "hybrid", 1.0, f"question {n}") for n in range(150)]
    before, _ = fitted()
    after, held_out = fit(asked(), rated)
    row = changed.features.vector()[None]
    assert after.estimates(row)["hybrid"] > before.estimates(row)["hybrid"] + 0.2
    assert after.estimates(row)["rag"] == before.estimates(row)["rag"]
    assert {len(each) for each in held_out.values()} == {300}
