"""Oracles, costs and curves that a policy is held against."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from asked_questions import asked, fitted

from crossover.eval.router.asked import Asked
from crossover.eval.router.front import WEIGHTS, Point, best_mixture, cheapest_as_good, curve
from crossover.eval.router.judge import crossed_oracle, judge, outcome, sampled_twice


def answered(scores: dict[str, list[float]], slices: list[str]) -> Asked:
    some = asked(len(slices))
    return replace(
        some,
        slices=slices,
        scores={name: np.array(values) for name, values in scores.items()},
        prices={name: np.full(len(slices), 1.0 + n) for n, name in enumerate(scores)},
    )


def test_oracles_are_the_best_of_each_slice_and_of_each_question() -> None:
    some = answered({"rag": [1, 1, 0, 0], "finetune": [0, 1, 1, 0]}, ["old", "old", "new", "new"])
    judged = judge(some, outcome(some, ["rag", "rag", "finetune", "rag"]))
    assert judged.singles == {"rag": 0.5, "finetune": 0.5}
    assert judged.slice_oracle == 0.75
    assert judged.question_oracle == 0.75
    assert judged.auto.score == 0.75
    assert judged.of_slice_oracle == 1.0 and judged.of_gap == 1.0
    assert judged.cost == 1.25
    assert judged.shares == {"finetune": 0.25, "rag": 0.75}


def test_auto_pays_its_search_for_each_question_once_whatever_it_chooses() -> None:
    some = replace(answered({"rag": [1, 0], "finetune": [0, 1]}, ["a", "b"]), search=0.5)  # 1.0 and 2.0 an answer
    assert outcome(some, ["rag", "rag"]).cost == 1.0
    assert outcome(some, ["rag", "finetune"]).cost == 1.75
    assert some.costs == {"rag": 0.25, "finetune": 1.0}
    assert judge(some, outcome(some, ["rag", "rag"])).costs == {"rag": 1.0, "finetune": 2.0}


def test_the_luck_of_one_sampling_is_taken_off_by_another() -> None:
    rng = np.random.default_rng(0)
    coins = [
        answered({name: list((rng.random(4000) < 0.5).astype(float)) for name in ("rag", "finetune")}, ["a"] * 4000)
        for _ in range(2)
    ]
    assert judge(coins[0], outcome(coins[0], ["rag"] * 4000)).question_oracle == pytest.approx(0.75, abs=0.03)
    assert crossed_oracle(*coins) == pytest.approx(0.5, abs=0.03)
    sure = answered({"rag": [1, 0] * 50, "finetune": [0, 1] * 50}, ["a"] * 100)
    assert crossed_oracle(sure, sure) == 1.0


def test_the_way_to_the_oracle_is_told_with_luck_and_without() -> None:
    policy = fitted()[0]
    once, again = asked(300, seed=2), asked(300, seed=2)
    found = sampled_twice(policy, once, again, 0.0)
    assert found["singles"][found["best_single"]] == max(found["singles"].values())
    assert found["oracles"]["without"] <= found["oracles"]["with_luck"]
    reached = found["auto"] - found["singles"][found["best_single"]]
    for name, oracle in found["oracles"].items():
        assert found["of_gap"][name] == pytest.approx(reached / (oracle - found["singles"][found["best_single"]]))


def test_a_mixture_is_the_line_between_two_strategies() -> None:
    singles = {"abstain": (0.0, 0.1), "finetune": (0.4, 0.5), "rag": (1.0, 0.6), "hybrid": (1.2, 0.55)}
    assert best_mixture(singles, 0.4) == pytest.approx(0.5)
    assert best_mixture(singles, 0.7) == pytest.approx(0.55)
    assert best_mixture(singles, 0.2) == pytest.approx(0.3)
    assert best_mixture(singles, 2.0) == pytest.approx(0.6)
    assert best_mixture({"rag": (1.0, 0.6)}, 0.5) == 0.0


def test_more_weight_on_cost_never_costs_more() -> None:
    points = curve(fitted()[0], asked(300, seed=2))
    costs = [point.cost for point in points]
    assert len(points) == len(WEIGHTS)
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(costs))
    assert costs[-1] < costs[0] / 2
    assert points[0].above > 0.05  # knowing when beats drawing


def test_the_cheapest_point_that_is_as_good_is_found() -> None:
    points = [Point(0.0, 1.0, 0.7, 0.0), Point(0.1, 0.6, 0.65, 0.0), Point(0.5, 0.2, 0.3, 0.0)]
    found = cheapest_as_good(points, 0.6)
    assert found is not None and found.weight == 0.1
    assert cheapest_as_good(points, 0.9) is None
