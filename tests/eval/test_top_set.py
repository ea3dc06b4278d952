"""Top sets."""

from __future__ import annotations

import numpy as np

from crossover.eval.permutation import Scores
from crossover.eval.top_set import top_sets


def shares(right: int, n: int = 60) -> Scores:
    return np.array([1.0] * right + [0.0] * (n - right))


GROUPS = [str(i) for i in range(60)]


def test_the_top_set_is_the_best_and_all_not_significantly_below_it() -> None:
    arms = {"base": shares(2), "rag": shares(44), "hybrid": shares(46)}
    top = top_sets({"s": (arms, GROUPS)})["s"]
    assert (top.best, top.members, top.beats) == ("hybrid", ("hybrid", "rag"), ("base",))
    assert top.p_value < 0.001
    assert top.against["rag"].words == "no difference shown"


def test_a_p_value_that_would_do_alone_does_not_beside_many_comparisons() -> None:
    close = {"rag": shares(44), "hybrid": shares(38)}
    assert top_sets({"s": (close, GROUPS)})["s"].beats == ("hybrid",)
    many = {str(n): (close, GROUPS) for n in range(10)}
    assert top_sets(many)["0"].beats == ()


def test_too_few_questions_are_called_so() -> None:
    top = top_sets({"s": ({"rag": shares(3, 3), "base": shares(0, 3)}, ["a", "b", "c"])})["s"]
    assert not top.decidable
    assert top.beats == ()


def test_one_arm_alone_is_its_own_top_set() -> None:
    top = top_sets({"s": ({"rag": shares(3)}, GROUPS)})["s"]
    assert (top.members, top.beats, top.p_value) == (("rag",), (), 1.0)


def test_a_top_set_says_how_far_its_members_may_be_from_the_best() -> None:
    few = top_sets({"s": ({"base": shares(2), "rag": shares(44), "hybrid": shares(46)}, GROUPS)})["s"]
    assert few.behind == few.against["rag"].interval.high > 0.05 and not few.settled
    rag = shares(4200, 6000)
    as_good = rag.copy()
    as_good[4140:4260] = 1 - rag[4140:4260]  # right on other questions, on as many
    groups = [str(n) for n in range(6000)]
    many = top_sets({"s": ({"base": rag * 0, "rag": rag, "hybrid": as_good}, groups)})["s"]
    assert set(many.members) == {"rag", "hybrid"} and many.behind < 0.05 and many.settled
    alone = top_sets({"s": ({"base": shares(2), "rag": shares(44)}, GROUPS)})["s"]
    assert (alone.members, alone.behind, alone.settled) == (("rag",), 0.0, True)
