"""Statistics of paired arms: how sure a score is, whether two arms differ, and who may be called best.

Arms answer the same questions, so that they are compared question by question. Questions about one
fact or document are not independent, so that whole groups are drawn and exchanged, never single ones.
Every function is deterministic: draws come from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from crossover.eval.intervals import (
    ALPHA,
    NORMAL,
    Interval,
    adjusted_wald,
    bootstrap,
    effective_size,
    per_group,
    quantile,
    standard_error,
    wilson,
    with_one_each_way,
)
from crossover.eval.permutation import Scores, exchange, sign_flip

Words = Literal["better", "worse", "no difference shown", "too few questions"]

POWER = 0.8
_RARE = 20  # fewer effective cases of either kind, and a bootstrap of a share misses its 95 %
_FEW = 10  # fewer groups won by either arm, and a bootstrap of their difference is too narrow
_NO_SPREAD = 1e-12  # a standard error that is rounding


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean score over `n` questions about `groups` facts."""

    score: float
    interval: Interval
    n: int
    groups: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms on the same questions.

    Args:
        difference: mean score of the first minus that of the second.
        interval: of the difference, on its own (not widened for the other comparisons of a report).
        p_value: two-sided; after `holm` or `top_set`, adjusted for the comparisons beside it.
        detectable: the smallest difference that so many questions show in 4 of 5 cases; above 1: none.
        decidable: whether any outcome at all could have been significant.
    """

    difference: float
    interval: Interval
    p_value: float
    n: int
    groups: int
    detectable: float
    decidable: bool

    @property
    def words(self) -> Words:
        """What the numbers allow to say about the first arm; test and interval must both exclude no difference."""
        if not self.decidable:
            return "too few questions"
        if self.p_value >= ALPHA or self.interval.low <= 0 <= self.interval.high:
            return "no difference shown"
        return "better" if self.difference > 0 else "worse"

    @property
    def questions_needed(self) -> int | None:
        """How many more questions of this kind would show the difference found; None when there is none."""
        if not self.difference or self.words in ("better", "worse"):
            return None
        return max(0, int(np.ceil(self.n * (self.detectable / abs(self.difference)) ** 2)) - self.n)


def estimate(scores: Scores, groups: Sequence[str]) -> Estimate:
    """The mean of some scores with its interval.

    Shares of right answers with few rights or few wrongs, or without any spread between groups, get Wilson's interval
    at the effective sample size (Dean & Pagano 2015); everything else the cluster bootstrap with expanded percentiles
    (Hesterberg 2015).
    """
    sums, sizes = per_group(scores, groups)
    mean, effective = float(scores.mean()), effective_size(sums, sizes)
    alike = standard_error(sums, sizes) < _NO_SPREAD
    if _binary(scores) and (alike or min(mean, 1 - mean) * effective < _RARE):
        interval = wilson(mean, effective, quantile(sizes))
    else:
        interval = bootstrap(sums, sizes)
    if scores.min() >= 0 and scores.max() <= 1:  # of one group nothing is known but this
        interval = Interval(max(0.0, interval.low), min(1.0, interval.high))
    return Estimate(mean, interval, len(scores), len(sizes))


def compare(first: Scores, second: Scores, groups: Sequence[str], comparisons: int = 1) -> Comparison:
    """The paired difference of two arms, its interval and its p-value.

    The p-value is that of the sign-flip permutation test over groups: exact for scores of 0 and 1, where it
    is McNemar's exact test when every group has one question. The interval is the paired cluster bootstrap;
    where the arms disagree on few groups, or there is one group alone, that of Bonett & Price (2012), carried over to
    groups.

    Args:
        comparisons: how many stand beside it, for `detectable` and `decidable`.
    """
    sums, sizes = per_group(first - second, groups)
    level = ALPHA / comparisons
    binary = _binary(first) and _binary(second)
    few = min((sums > 0).sum(), (sums < 0).sum()) < _FEW
    widened_sums, widened_sizes = with_one_each_way(sums, sizes)
    return Comparison(
        difference=float((first - second).mean()),
        interval=adjusted_wald(sums, sizes) if (binary and few) or len(sizes) < 2 else bootstrap(sums, sizes),
        p_value=sign_flip(sums),
        n=len(first),
        groups=len(sizes),
        detectable=standard_error(widened_sums, widened_sizes) * _detectable_errors(level),
        decidable=2.0 ** (1 - len(sizes)) < level,
    )


def across_trainings(
    first: Scores, second: Scores, groups: Sequence[str], scores: Sequence[float], comparisons: int = 1
) -> Comparison:
    """`compare`, carried over from one adapter to trainings like it.

    Questions and trainings both vary: their variances add up, and Student's t has the degrees of freedom that
    Satterthwaite (1946) gives their sum. It never claims more than the comparison of the one adapter where few groups
    tell the two apart, and where all trainings agree it is that comparison.

    Args:
        first: of the trained arm, with one adapter.
        scores: its means with each of several adapters trained alike, that one first.
        comparisons: as of `compare`.
    """
    compared = compare(first, second, groups, comparisons)
    by_training = float(np.var(scores, ddof=1)) / len(scores)
    if not by_training:
        return compared
    sums, sizes = per_group(first - second, groups)
    by_question = standard_error(*with_one_each_way(sums, sizes)) ** 2
    variance = by_question + by_training
    freedom = variance**2 / (by_question**2 / max(len(sizes) - 1, 1) + by_training**2 / (len(scores) - 1))
    difference = float(np.mean(scores) - second.mean())
    own = (compared.interval.high - compared.interval.low) / 2
    half = max(own, float(stats.t.ppf(1 - ALPHA / 2, freedom) * np.sqrt(variance)))
    p_value = float(2 * stats.t.sf(abs(difference) / np.sqrt(variance), freedom))
    few = min((sums > 0).sum(), (sums < 0).sum()) < _FEW
    return replace(
        compared,
        difference=difference,
        interval=Interval(max(-1.0, difference - half), min(1.0, difference + half)),
        p_value=max(p_value, compared.p_value) if few else p_value,
        detectable=float(np.sqrt(variance)) * _detectable_errors(ALPHA / comparisons),
    )


def compare_apart(
    first: Scores, first_groups: Sequence[str], second: Scores, second_groups: Sequence[str]
) -> Comparison:
    """The difference of means over two different sets of questions, such as two slices of one arm.

    The p-value comes from exchanging groups between the sets; the interval from those of the two means
    (Newcombe 1998, method 10; Zou & Donner 2008).
    """
    here, there = estimate(first, first_groups), estimate(second, second_groups)
    (a, a_sizes), (b, b_sizes) = per_group(first, first_groups), per_group(second, second_groups)
    difference = here.score - there.score
    below = np.hypot(here.score - here.interval.low, there.interval.high - there.score)
    above = np.hypot(here.interval.high - here.score, there.score - there.interval.low)
    return Comparison(
        difference=difference,
        interval=Interval(float(difference - below), float(difference + above)),
        p_value=exchange(a, a_sizes, b, b_sizes),
        n=len(first) + len(second),
        groups=len(a) + len(b),
        detectable=float(below + above) / (2 * NORMAL) * _detectable_errors(ALPHA),
        decidable=min(len(a), len(b)) > 1,
    )


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons in their order, p-values adjusted so that the chance of any false claim is 5 % (Holm 1979).

    That is so of comparisons that were decided on before the answers were seen.
    """
    adjusted = [0.0] * len(comparisons)
    floor = 0.0
    for rank, index in enumerate(sorted(range(len(comparisons)), key=lambda i: comparisons[i].p_value)):
        floor = max(floor, min(1.0, comparisons[index].p_value * (len(comparisons) - rank)))
        adjusted[index] = floor
    return [replace(comparison, p_value=p) for comparison, p in zip(comparisons, adjusted, strict=True)]


def _binary(scores: Scores) -> bool:
    return bool(np.isin(scores, (0.0, 1.0)).all())


def _detectable_errors(level: float) -> float:
    """How many standard errors a difference must have to be found with POWER at this level."""
    return float(stats.norm.ppf(1 - level / 2) + stats.norm.ppf(POWER))
