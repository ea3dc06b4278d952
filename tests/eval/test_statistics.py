"""Statistics against textbook values, and against the truth by simulation."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from crossover.eval.permutation import Scores
from crossover.eval.statistics import (
    Comparison,
    Interval,
    across_trainings,
    compare,
    compare_apart,
    estimate,
    holm,
)


def alone(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def shares(right: int, n: int) -> Scores:
    return np.array([1.0] * right + [0.0] * (n - right))


def clustered(rng: np.random.Generator, p: float, groups: int, size: int) -> tuple[Scores, list[str]]:
    """Scores that lean together within a group (intraclass correlation 0.5)."""
    lean = rng.beta(p, 1 - p, groups)
    return (rng.random((groups, size)) < lean[:, None]).astype(float).ravel(), list(np.repeat(alone(groups), size))


def test_a_share_near_the_edge_has_wilsons_interval() -> None:
    # Newcombe (1998), Table I: 0 of 20 and 1 of 29
    none, one = estimate(shares(0, 20), alone(20)), estimate(shares(1, 29), alone(29))
    assert (none.interval.low, none.interval.high) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert (one.interval.low, one.interval.high) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_mcnemars_exact_test_is_the_case_of_single_questions() -> None:
    first, second = np.array([1.0] * 15 + [0.0] * 4 + [1.0] * 30), np.array([0.0] * 15 + [1.0] * 4 + [1.0] * 30)
    assert compare(first, second, alone(49)).p_value == pytest.approx(stats.binomtest(4, 19).pvalue)


def test_the_sign_flip_test_agrees_with_counting_every_sign() -> None:
    sums = np.array([3.0, 1.0, 2.0, -1.0, 2.0, 1.0])
    first = np.concatenate([[1.0] * int(s) if s > 0 else [0.0] for s in sums])
    second = np.concatenate([[0.0] * int(s) if s > 0 else [1.0] for s in sums])
    groups = [str(i) for i, s in enumerate(sums) for _ in range(max(1, int(s)))]
    signs = np.array(np.meshgrid(*[[-1, 1]] * 6)).reshape(6, -1)
    expected = (np.abs(np.abs(sums) @ signs) >= abs(sums.sum())).mean()
    assert compare(first, second, groups).p_value == pytest.approx(expected)


def test_questions_about_one_fact_do_not_count_as_many() -> None:
    first, second = np.tile(shares(9, 10), 10), np.tile(shares(2, 10), 10)
    facts = [str(i % 10) for i in range(100)]
    single, grouped = compare(first, second, alone(100)), compare(first, second, facts)
    assert single.p_value < 1e-9
    assert grouped.p_value == pytest.approx(2 * 0.5**7)
    assert grouped.interval.low < single.interval.low


def test_every_interval_holds_its_own_estimate_and_stays_in_bounds() -> None:
    for right in (0, 1, 5, 20, 39, 40):
        result = estimate(shares(right, 40), [str(i // 2) for i in range(40)])
        assert 0 <= result.interval.low <= result.score <= result.interval.high <= 1
    both = compare(shares(40, 40), shares(0, 40), alone(40))
    assert both.difference == 1
    assert 0.8 < both.interval.low < both.interval.high <= 1


def test_equal_arms_are_not_told_apart_but_their_difference_is_not_certain_either() -> None:
    same = compare(shares(20, 40), shares(20, 40), alone(40))
    assert (same.p_value, same.words, same.questions_needed) == (1.0, "no difference shown", None)
    assert same.interval.low < -0.05 < 0.05 < same.interval.high


def test_words_follow_the_numbers() -> None:
    assert compare(shares(38, 40), shares(10, 40), alone(40)).words == "better"
    assert compare(shares(10, 40), shares(38, 40), alone(40)).words == "worse"
    near = compare(shares(24, 40), shares(20, 40), alone(40), comparisons=40)
    assert near.words == "no difference shown"
    assert near.questions_needed is not None
    assert near.questions_needed > 20
    assert compare(shares(4, 4), shares(0, 4), alone(4)).words == "too few questions"


def test_what_the_interval_does_not_exclude_is_not_claimed() -> None:
    groups = [f"fact {n // 4}" for n in range(292)]
    first = np.array([float(n % 12 == 0 and n < 84) for n in range(292)])  # one question right in each of seven groups
    found = compare(first, np.zeros(292), groups)
    assert found.p_value < 0.05 and found.interval.low < 0 < found.interval.high
    assert found.words == "no difference shown" and found.questions_needed is not None


def test_the_detectable_difference_shrinks_with_the_root_of_the_questions() -> None:
    few, many = (compare(np.tile([1.0, 0, 1], n), np.tile([0, 1.0, 1], n), alone(3 * n)).detectable for n in (20, 80))
    assert few / many == pytest.approx(2, abs=0.1)


def test_holm_steps_down_and_never_swaps_the_order() -> None:
    raw = [Comparison(0.1, Interval(0, 1), p, 10, 10, 0.2, True) for p in (0.01, 0.04, 0.03, 0.005)]
    assert [round(c.p_value, 4) for c in holm(raw)] == [0.03, 0.06, 0.06, 0.02]


def test_graded_scores_are_compared_too() -> None:
    rng = np.random.default_rng(3)
    first = rng.random(60)
    result = compare(first, first * 0.7, alone(60))
    assert result.words == "better"
    assert result.interval.low < result.difference < result.interval.high


def test_two_sets_of_questions_are_compared_by_exchanging_groups() -> None:
    apart = compare_apart(shares(40, 50), alone(50), shares(60, 300), alone(300))
    assert apart.difference == pytest.approx(0.6)
    assert 0.4 < apart.interval.low < 0.6 < apart.interval.high < 0.75
    assert apart.p_value < 0.001
    assert compare_apart(shares(25, 50), alone(50), shares(150, 300), alone(300)).p_value > 0.5


def test_the_same_scores_give_the_same_figures_every_time() -> None:
    rng = np.random.default_rng(1)
    first, groups = clustered(rng, 0.5, 30, 3)
    second, _ = clustered(rng, 0.4, 30, 3)
    assert compare(first, second, groups) == compare(first, second, groups)
    assert estimate(first, groups) == estimate(first, groups)


@pytest.mark.parametrize("n", [20, 40, 200])
@pytest.mark.parametrize("p", [0.02, 0.5, 0.95])
def test_intervals_of_single_questions_hold_the_truth_in_93_to_97_percent(p: float, n: int) -> None:
    """Exactly, by the chance of each number of right answers: no simulation, no noise."""
    held = 0.0
    for right, chance in enumerate(stats.binom.pmf(range(n + 1), n, p)):
        if chance > 1e-7:
            interval = estimate(shares(right, n), alone(n)).interval
            held += chance * (interval.low <= p <= interval.high)
    # At .95 and 20 no interval from a count can do better: 18 to 20 right have the chance .9245, 17 to 20 .984.
    assert held == pytest.approx(0.9245, abs=1e-4) if (p, n) == (0.95, 20) else 0.93 <= held <= 0.97


@pytest.mark.parametrize(("n", "highest"), [(20, 1.0), (40, 0.98), (200, 0.98)])
@pytest.mark.parametrize("p", [0.02, 0.5, 0.95])
def test_intervals_of_clustered_questions_hold_the_truth_at_least_as_often_as_they_say(
    p: float, n: int, highest: float
) -> None:
    """Pairs of questions that lean together. With ten groups they are wider than need be: their spread is a guess."""
    rng, hits, draws = np.random.default_rng(11), 0, 400
    for _ in range(draws):
        interval = estimate(*clustered(rng, p, n // 2, 2)).interval
        hits += interval.low <= p <= interval.high
    noise = 2 * (0.05 * 0.95 / draws) ** 0.5
    assert 0.93 - noise <= hits / draws <= highest + noise


@pytest.mark.parametrize("size", [1, 2])
def test_a_difference_as_large_as_the_detectable_one_is_shown_in_about_four_of_five_cases(size: int) -> None:
    rng, groups = np.random.default_rng(4), 60
    names = list(np.repeat(alone(groups), size))

    def draw(difference: float) -> Comparison:
        """Arms that disagree on two groups of five, the first winning as much more as the difference asks."""
        wins = np.repeat(rng.random(groups), size)
        first, second = wins < 0.2 + difference / 2, wins > 0.8 + difference / 2
        return compare(first.astype(float), second.astype(float), names)

    least = float(np.mean([draw(0.0).detectable for _ in range(30)]))
    found = np.mean([draw(least).words == "better" for _ in range(200)])
    assert 0.7 <= found <= 0.9


def test_two_draws_of_one_arm_are_seldom_told_apart_and_a_real_difference_mostly_is() -> None:
    rng, alarms, found = np.random.default_rng(5), 0, 0
    for _ in range(200):
        first, groups = clustered(rng, 0.6, 40, 2)
        again, _ = clustered(rng, 0.6, 40, 2)
        worse, _ = clustered(rng, 0.2, 40, 2)
        alarms += compare(first, again, groups).words != "no difference shown"
        found += compare(first, worse, groups).words == "better"
    assert alarms <= 16
    assert found >= 190


def test_scores_and_groups_must_fit() -> None:
    with pytest.raises(ValueError, match="3 scores for 2 questions"):
        estimate(np.ones(3), ["a", "b"])


def test_one_group_alone_or_groups_that_are_all_alike_still_have_an_interval_of_some_width() -> None:
    one = estimate(shares(25, 50), ["a"] * 50).interval
    assert 0 <= one.low < 0.2 < 0.8 < one.high <= 1
    alike = estimate(np.tile([1.0, 0.0], 20), list(np.repeat(alone(20), 2))).interval
    assert alike.low < 0.4 < 0.6 < alike.high
    graded = estimate(np.linspace(0.2, 0.8, 8), ["a"] * 8).interval
    assert (graded.low, graded.high) == (0.0, 1.0)
    pair = compare(np.linspace(0, 1, 8), np.zeros(8), ["a"] * 8).interval
    assert -1 <= pair.low < pair.high <= 1


def test_many_groups_with_long_names_fit_into_memory() -> None:
    groups = [f"{n}{'x' * 20_000 * (n == 0)}" for n in range(20_000)]
    rng = np.random.default_rng(0)
    tracemalloc.start()
    found = compare(rng.random(20_000), rng.random(20_000), groups)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.interval.low < found.difference < found.interval.high
    assert peak < 600e6


def test_a_claim_about_trainings_holds_as_often_as_it_says() -> None:
    rng, rounds, covered, claimed = np.random.default_rng(5), 400, 0, 0
    for _ in range(rounds):
        skill = rng.normal(0.7, 0.06, 3)  # of three trainings; the rival is as good as trainings are on average
        trained = [(rng.random(120) < each).astype(float) for each in skill]
        rival = (rng.random(120) < 0.7).astype(float)
        found = across_trainings(trained[0], rival, alone(120), [float(each.mean()) for each in trained])
        covered += found.interval.low <= 0 <= found.interval.high
        claimed += found.words in ("better", "worse")
    assert covered / rounds > 0.92
    assert claimed / rounds < 0.08


@pytest.mark.parametrize(("better", "worse", "n"), [(90, 60, 100), (6, 0, 6), (6, 0, 8), (30, 28, 40)])
def test_trainings_that_agree_leave_a_comparison_as_it_was(better: int, worse: int, n: int) -> None:
    first, second = shares(better, n), shares(worse, n)
    agreed = [better / n] * 3
    assert across_trainings(first, second, alone(n), agreed) == compare(first, second, alone(n))


def test_trainings_that_differ_widen_the_interval_and_never_say_more_about_few_groups() -> None:
    first, second = shares(90, 100), shares(60, 100)
    plain, apart = compare(first, second, alone(100)), across_trainings(first, second, alone(100), [0.9, 0.6, 0.3])
    assert apart.difference == pytest.approx(0.0)
    assert apart.interval.high - apart.interval.low > 3 * (plain.interval.high - plain.interval.low)
    few = across_trainings(shares(6, 6), shares(0, 6), alone(6), [1.0, 0.99, 1.0])
    assert few.p_value >= compare(shares(6, 6), shares(0, 6), alone(6)).p_value
