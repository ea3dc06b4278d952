"""Curves and crossings against worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize, stats

from crossover.eval.learning_curve.crossing import REACH, Crossing, Trained, crossing
from crossover.eval.learning_curve.fit import fit
from crossover.eval.permutation import Scores

SIZES = (10, 30, 100, 300, 600)
Truth = Callable[[float], float]


def ask(
    rng: np.random.Generator, truth: Truth, rival: float, groups: int = 60
) -> tuple[list[Trained], Scores, list[str]]:
    """Two trainings at each size, that differ by three points, asked two questions about each of some facts.

    Facts and questions are easy or hard for every training alike, and partly for the rival.
    """
    n = 2 * groups
    hard = 0.4**0.5 * np.repeat(rng.normal(size=groups), 2) + 0.3**0.5 * rng.normal(size=n)
    trained = []
    for size in SIZES * 2:
        share = np.clip(truth(size) + rng.normal(0, 0.03), 0.001, 0.999)
        trained.append(Trained(size, (hard + 0.3**0.5 * rng.normal(size=n) < stats.norm.ppf(share)).astype(float)))
    other = 0.5**0.5 * hard + 0.65**0.5 * rng.normal(size=n)
    return trained, (other < stats.norm.ppf(rival)).astype(float), [str(i // 2) for i in range(n)]


def found(truth: Truth, rival: float, draws: int, seed: int = 1) -> list[Crossing]:
    rng = np.random.default_rng(seed)
    return [crossing(*ask(rng, truth, rival)) for _ in range(draws)]


WORLDS: dict[str, tuple[Truth, float]] = {
    "saturating early": (lambda n: 0.8 - 2 * n**-0.6, 0.45),
    "saturating": (lambda n: 0.75 - 1.2 * n**-0.5, 0.6),
    "slow": (lambda n: 0.9 - 1.1 * n**-0.2, 0.5),
    "a straight line": (lambda n: 0.62 * n / 600, 0.4),
}


def test_the_interval_holds_the_true_crossing_in_about_80_percent_and_guesses_are_near() -> None:
    held, errors, draws = 0, [], 50
    for truth, rival in WORLDS.values():
        true = optimize.brentq(lambda n: truth(n) - rival, 1, 1e5)  # noqa: B023
        for each in found(truth, rival, draws):
            held += each.low <= true <= each.high
            errors.append(abs(np.log(each.examples / true)))
    assert 0.72 <= held / (draws * len(WORLDS)) <= 0.9
    assert np.median(errors) < 0.35


def test_never_and_already_at_the_smallest_are_said_where_they_are_true() -> None:
    never = [each.words for each in found(lambda n: 0.4 - 0.5 * n**-0.5, 0.6, 40)]
    assert never.count("never") >= 34
    already = [each.words for each in found(lambda n: 0.75 - 0.6 * n**-0.5, 0.3, 40)]
    assert already.count("already at the smallest") >= 38
    assert all(each.words == "never" for each in found(lambda _: 0.001, 0.4, 5))


def test_an_arm_that_is_above_from_the_start_is_not_called_falling() -> None:
    words = [each.words for each in found(lambda n: 0.99 - 0.03 * np.log(n), 0.35, 10)]
    assert set(words) == {"already at the smallest"}


def test_neither_is_said_of_an_arm_that_overtakes_in_between() -> None:
    words = {each.words for truth, rival in WORLDS.values() for each in found(truth, rival, 15, seed=2)}
    assert words == {"at"}


def test_what_saturates_just_below_the_rival_is_not_called_certain_either_way() -> None:
    words = [each.words for each in found(lambda n: 0.47 - 0.5 * n**-0.5, 0.5, 30)]
    assert words.count("already at the smallest") == 0
    assert words.count("never") < 30
    assert words.count("not shown") > 0


def test_more_questions_and_an_equal_training_narrow_the_interval() -> None:
    truth, rival = WORLDS["saturating early"]
    rng = np.random.default_rng(3)
    few, many = (crossing(*ask(rng, truth, rival, groups)) for groups in (20, 500))
    assert np.log(many.high / many.low) < np.log(few.high / few.low)


def test_the_fit_finds_the_least_squares_that_a_general_optimiser_finds() -> None:
    sizes = np.array([10.0, 30, 100, 300, 1000])
    scores = np.array([[0.31, 0.44, 0.58, 0.63, 0.68]])
    weights = np.array([1.0, 2, 3, 2, 1])
    ours = fit(sizes, scores, weights)

    def power(n: Scores, a: float, b: float, c: float) -> Scores:
        return a - b * n**-c

    (a, b, c), _ = optimize.curve_fit(power, sizes, scores[0], p0=(0.7, 1, 0.5), sigma=weights**-0.5)
    assert ours.at(sizes)[0] == pytest.approx(power(sizes, a, b, c), abs=0.003)
    assert ours.level[0] + ours.gain[0] / ours.bend[0] == pytest.approx(a, abs=0.03)


def test_a_curve_never_falls_and_beyond_the_data_it_must_saturate() -> None:
    falling = fit(np.array([10.0, 100, 1000]), np.array([[0.6, 0.5, 0.4]]), np.ones(3))
    assert falling.gain[0] == 0
    rng = np.random.default_rng(4)
    late = crossing(*ask(rng, lambda n: 0.5 * n / 600, 0.65, 300))  # a straight line would be there at 780
    assert late.examples > 780
    assert late.high > REACH * 600 or late.high > 1000


def test_an_arm_that_examples_make_worse_is_called_so() -> None:
    words = [each.words for each in found(lambda n: 0.9 - 0.1 * np.log(n), 0.5, 10)]
    assert set(words) <= {"falls", "never"}
    assert "falls" in words


def test_a_few_trainings_or_a_few_questions_claim_nothing() -> None:
    rng = np.random.default_rng(5)
    trained, rival, groups = ask(rng, lambda n: 0.8 - 2 * n**-0.6, 0.45)
    assert crossing(trained[:3], rival, groups).words == "too few trainings"
    two_sizes = [each for each in trained if each.size in SIZES[:2]] * 2
    assert crossing(two_sizes, rival, groups).words == "too few trainings"
    few = [Trained(size, np.zeros(4)) for size in SIZES]
    assert crossing(few, np.array([1.0, 0, 0, 0]), list("abcd")).words == "not shown"


def test_one_size_alone_is_no_curve() -> None:
    same = [Trained(30, np.array([1.0, 0.0, 1.0])) for _ in range(3)]
    with pytest.raises(ValueError, match="two different numbers of examples"):
        crossing(same, np.array([1.0, 0.0, 0.0]), ["a", "b", "c"])
