"""Permutation tests over groups: how often chance alone gives a difference as large."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

DRAWS = 10_000
_SEED = 20260101
_ROUNDING = 1e-9
_AT_ONCE = 4_000_000  # numbers of a block of draws: 32 MB


def sign_flip(sums: Scores) -> float:
    """Two-sided p-value of paired groups: how often random signs on their differences give a total as large.

    Exact where the differences are whole numbers, as those of right answers are: with one question a group
    it is McNemar's exact test. Else by DRAWS random signs.

    Args:
        sums: the first arm's total minus the second's in each group, shape (groups,).
    """
    sizes = np.abs(sums[sums != 0])
    total = abs(sums.sum())
    if not len(sizes):
        return 1.0
    if np.allclose(sizes, np.round(sizes)):
        return _exact(np.round(sizes).astype(int), round(total))
    rng, rows = np.random.default_rng(_SEED), max(1, _AT_ONCE // len(sizes))
    extreme = 0
    for first in range(0, DRAWS, rows):
        signs = rng.choice((-1.0, 1.0), size=(min(rows, DRAWS - first), len(sizes)))
        extreme += int((np.abs(signs @ sizes) >= total - _ROUNDING).sum())
    return float((extreme + 1) / (DRAWS + 1))


def _exact(sizes: NDArray[np.int_], total: int) -> float:
    """The whole distribution of the total under random signs, one group folded in after another."""
    reach = int(sizes.sum())
    chance = np.zeros(2 * reach + 1)
    chance[reach] = 1.0
    for size in sizes:
        chance = (np.roll(chance, size) + np.roll(chance, -size)) / 2
    totals = np.abs(np.arange(-reach, reach + 1))
    return float(min(1.0, chance[totals >= total].sum()))


def exchange(first: Scores, first_sizes: Scores, second: Scores, second_sizes: Scores) -> float:
    """Two-sided p-value of two separate sets of groups: how often mixing them gives means as far apart.

    Args:
        first: the total score of each group of the first set, shape (groups,).
        first_sizes: the number of questions in each of them.
        second, second_sizes: the same of the second set.
    """
    sums, sizes, k = np.append(first, second), np.append(first_sizes, second_sizes), len(first)
    found = abs(first.sum() / first_sizes.sum() - second.sum() / second_sizes.sum())
    order = np.random.default_rng(_SEED).permuted(np.tile(np.arange(len(sums)), (DRAWS, 1)), axis=1)
    left, right = order[:, :k], order[:, k:]
    apart = sums[left].sum(1) / sizes[left].sum(1) - sums[right].sum(1) / sizes[right].sum(1)
    return float(((np.abs(apart) >= found - _ROUNDING).sum() + 1) / (DRAWS + 1))
