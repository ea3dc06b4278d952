"""Intervals of means over whole groups, and the samples of groups that they are taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from crossover.eval.permutation import Scores

ALPHA = 0.05
NORMAL = 1.959964  # standard errors from the middle of a 95 % interval to its edge
DRAWS = 4000
_SEED = 20260101
_AT_ONCE = 4_000_000  # numbers of a block of samples: 32 MB


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval, in the unit of the scores."""

    low: float
    high: float


def per_group(scores: Scores, groups: Sequence[str]) -> tuple[Scores, Scores]:
    """Sum of scores and number of questions of each group, each of shape (groups,).

    Raises:
        ValueError: scores and groups are not as many, or there are none.
    """
    if len(scores) != len(groups) or not len(scores):
        raise ValueError(f"{len(scores)} scores for {len(groups)} questions: expected one each, and at least one")
    # An array of names would be as wide as the longest of them.
    numbers = {name: n for n, name in enumerate(sorted(set(groups)))}
    index = np.array([numbers[name] for name in groups])
    return np.bincount(index, weights=scores).astype(np.float64), np.bincount(index).astype(np.float64)


def quantile(sizes: Scores) -> float:
    """Student's, where the spread is estimated between groups; the normal one, where there are no groups."""
    return float(NORMAL if (sizes == 1).all() else stats.t.ppf(1 - ALPHA / 2, max(len(sizes) - 1, 1)))


def standard_error(sums: Scores, sizes: Scores) -> float:
    """Cluster-robust, of the ratio of two totals (Cochran 1977, 6.4)."""
    residuals = sums - sums.sum() / sizes.sum() * sizes
    k = len(sums)
    return float(np.sqrt(k / max(k - 1, 1) * (residuals**2).sum()) / sizes.sum())


def effective_size(sums: Scores, sizes: Scores) -> float:
    """How many independent questions say as much: between the number of groups, weighted, and of questions."""
    mean, n = sums.sum() / sizes.sum(), sizes.sum()
    variance = standard_error(sums, sizes) ** 2
    independent = mean * (1 - mean) / variance if variance else n
    as_groups = n**2 / (sizes**2).sum()
    # One group has no spread, nor have answers all right or all wrong one that says anything: count groups, as is safe.
    return float(np.clip(independent, as_groups, n) if 0 < mean < 1 and len(sizes) > 1 else as_groups)


def wilson(mean: float, n: float, z: float) -> Interval:
    """Of a share (Wilson 1927), `z` standard errors wide."""
    centre = (mean + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(mean * (1 - mean) / n + z**2 / (4 * n**2))
    # At 0 and 1 the edge is the mean itself; rounding must not move it.
    low, high = (mean if mean == 0 else centre - half), (mean if mean == 1 else centre + half)
    return Interval(float(low), float(high))


def bootstrap(sums: Scores, sizes: Scores) -> Interval:
    """Of the mean, by samples of whole groups with expanded percentiles (Hesterberg 2015)."""
    k = len(sums)
    if k < 2:
        return Interval(-np.inf, np.inf)
    totals = _resampled(np.column_stack([sums, sizes]))
    draws = totals[:, 0] / totals[:, 1]  # the means of DRAWS samples of whole groups
    # The plain percentile interval is too narrow by sqrt((k - 1) / k) and the normal quantile.
    tail = float(stats.norm.cdf(-np.sqrt(k / (k - 1)) * stats.t.ppf(1 - ALPHA / 2, k - 1)))
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Interval(float(low), float(high))


def resampled_means(columns: Scores, groups: Sequence[str]) -> Scores:
    """Mean scores of several arms in samples of whole groups, the same ones for all, shape (DRAWS, arms).

    Args:
        columns: the arms' scores on the same questions, shape (questions, arms).
    """
    parts = [per_group(column, groups) for column in columns.T]
    totals = _resampled(np.column_stack([*(sums for sums, _ in parts), parts[0][1]]))
    return totals[:, :-1] / totals[:, -1:]


def _resampled(columns: Scores) -> Scores:
    """Totals of DRAWS samples of whole groups.

    Args:
        columns: shape (groups, columns); returned are (DRAWS, columns).
    """
    groups = len(columns)
    rows = max(1, _AT_ONCE // groups)
    parts = [_resamples(groups, first, min(rows, DRAWS - first)) @ columns for first in range(0, DRAWS, rows)]
    return np.concatenate(parts)


@lru_cache(maxsize=8)  # every arm and slice with as many groups uses the same ones
def _resamples(k: int, first: int, rows: int) -> Scores:
    """How often each of `k` groups is drawn in the samples from `first` on, shape (rows, k)."""
    drawn = np.random.default_rng(_SEED + first).integers(k, size=(rows, k)) + np.arange(rows)[:, None] * k
    return np.bincount(drawn.ravel(), minlength=rows * k).reshape(rows, k).astype(np.float64)


def with_one_each_way(sums: Scores, sizes: Scores) -> tuple[Scores, Scores]:
    """Two more groups of mean size, one won by each arm, so that no spread is ever zero."""
    size = sizes.mean()
    return np.append(sums, [size, -size]), np.append(sizes, [size, size])


def adjusted_wald(sums: Scores, sizes: Scores) -> Interval:
    """Of a paired difference that few groups tell (Bonett & Price 2012, carried over to groups)."""
    sums, sizes = with_one_each_way(sums, sizes)
    centre = sums.sum() / sizes.sum()
    half = quantile(sizes) * standard_error(sums, sizes)
    return Interval(max(-1.0, float(centre - half)), min(1.0, float(centre + half)))
