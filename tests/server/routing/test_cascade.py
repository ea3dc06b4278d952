"""Checking an answer: what is seen of it, what follows from it, and when another strategy is asked."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from asked_questions import HERE, asked, features

from crossover.eval.router.fit import fit
from crossover.server.routing.cascade import second_of
from crossover.server.routing.checking import seen_of
from crossover.server.routing.choice import View, choose
from crossover.server.routing.features import Features
from crossover.server.routing.policy import Policy, load
from crossover.server.strategies import ABSTAIN

PASSAGES = ["The office opens at 8:30.", "Anna Tovan runs the Velmora office."]
RIGHT, WRONG = "Anna Tovan", "Berit Halm"


@cache
def policy() -> Policy:
    """Fitted on questions whose right answers stand in the passages, and whose wrong ones do not."""
    there = asked(300)
    answers = {name: np.where(right == 1, RIGHT, WRONG) for name, right in there.scores.items() if name != ABSTAIN}
    return fit(
        replace(
            there, seen={name: np.array([seen_of(text, PASSAGES) for text in all_]) for name, all_ in answers.items()}
        )
    )[0]


def test_what_is_seen_of_an_answer_is_where_it_stands_whether_it_refuses_and_how_long_it_is() -> None:
    assert seen_of(RIGHT, PASSAGES) == [1.0, 0.0, 2.0]
    assert seen_of(WRONG, PASSAGES) == [0.0, 0.0, 2.0]
    assert seen_of("I don't know.", PASSAGES)[1:] == [1.0, 3.0]
    assert np.isnan(seen_of(RIGHT, [])[0])


def test_another_strategy_is_asked_where_the_answer_is_likely_wrong_and_only_there() -> None:
    views = asked(100, seed=7).views
    for view in views:
        choice = choose(policy(), [view], 0.02)
        second = second_of(policy(), choice, 0.02)
        if choice.taken is None or choice.taken.strategy == ABSTAIN:
            assert second is None  # nothing was said that could be checked
            continue
        assert second is not None and second.option is not choice.taken
        right, wrong = second.right(seen_of(RIGHT, PASSAGES)), second.right(seen_of(WRONG, PASSAGES))
        assert right > 0.9 and wrong < 0.1
        assert not second.is_worth_more(right)
        assert second.is_worth_more(wrong) == (second.option.value(0.02) > wrong)
        assert choice.taken.name in second.reason(wrong) and second.option.name in second.reason(wrong)


def test_an_answer_is_checked_beside_the_adapter_that_gave_it() -> None:
    knows, does_not = View("house", features(similarity=0.95)), View("other", features(similarity=0.96, changed=True))
    both = policy().model_copy(update={"adapters": ["house", "other"]})
    choice = choose(both, [does_not, knows], 0.02)
    second = second_of(both, choice, 0.02)
    assert second is not None and second.first.name == "finetune:house"
    np.testing.assert_array_equal(second.vector, knows.features.vector())
    assert choice.vector is not None and not np.array_equal(second.vector, choice.vector)


def test_a_dear_second_answer_is_not_asked_for() -> None:
    view = asked(1, seed=7).views[0]
    second = second_of(policy(), choose(policy(), [view], 0.02), 0.02)
    assert second is not None
    dear = replace(second, option=replace(second.option, right=0.9, cost=1.0), weight=1.0)
    assert not dear.is_worth_more(0.05) and replace(dear, weight=0.1).is_worth_more(0.05)


def test_checks_are_kept_with_the_policy(tmp_path: Path) -> None:
    policy().save(tmp_path / "policy.json")
    assert load(tmp_path / "policy.json", HERE, ["house"]).checks == policy().checks
    assert set(policy().checks) == {"base", "rag", "finetune", "hybrid"}


def test_without_answers_to_learn_from_nothing_is_checked() -> None:
    plain, _ = fit(asked(300))
    assert plain.checks == {}
    assert second_of(plain, choose(plain, [asked(1).views[0]], 0.02), 0.02) is None


@pytest.mark.parametrize("answer", ["", " ", "?"])
def test_an_empty_answer_is_seen_too(answer: str) -> None:
    second = second_of(policy(), choose(policy(), [asked(1, seed=7).views[0]], 0.02), 0.02)
    assert second is not None and 0 < second.right(seen_of(answer, PASSAGES)) < 1


def test_without_a_default_adapter_an_answer_without_one_is_checked_beside_the_nearest() -> None:
    alone = View(None, Features(adapter=False, passages=5))
    nearest = View("house", features(similarity=0.95, changed=True))
    choice = choose(policy(), [alone, nearest], 0.02)
    second = second_of(policy(), choice, 0.02)
    assert second is not None and second.first.name == "rag"
    np.testing.assert_array_equal(second.vector, nearest.features.vector())
