"""A saturating curve through scores at several numbers of examples, for many resamples at once.

score(n) = level + gain * (1 - n**-bend) / bend

With `bend` above 0 this is the power law with an asymptote of Cortes et al. (1994) and Hestness et al. (2017),
a - b * n**-bend with a = level + gain / bend; at 0 it is level + gain * ln(n), and at -1 a straight line, which
data that do not bend yet are allowed to be as far as they go. `gain` is never negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SATURATING = np.concatenate([[0.0], np.geomspace(0.05, 2, 24)])
_BENDS = np.concatenate([np.linspace(-1, -0.1, 8), _SATURATING])
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Curves:
    """As many curves as there are draws; every field has the shape (draws,)."""

    level: Array
    gain: Array
    bend: Array

    def at(self, sizes: Array) -> Array:
        """The scores at some numbers of examples, from 0 to 1, shape (draws, sizes)."""
        return np.clip(self.level[:, None] + self.gain[:, None] * _growth(sizes, self.bend[:, None]), 0.0, 1.0)

    def slopes(self, sizes: Array) -> Array:
        """How the first curve's scores move with level, gain and bend, shape (sizes, 3)."""
        step = 1e-4
        growth, gain = _growth(sizes, self.bend[:1]), self.gain[0]
        bending = (_growth(sizes, self.bend[:1] + step) - growth) / step
        return np.column_stack([np.ones_like(sizes), growth, gain * bending])

    def reach(self, scores: Array, smallest: float, largest: float) -> Array:
        """How many examples each curve takes to rise above its score, shape (draws,).

        `smallest` where it stands above it there already, infinity where it does not get there by `largest`.
        """
        wanted = (scores - self.level) / np.where(self.gain > _FLAT, self.gain, np.nan)
        flat = np.abs(self.bend) < _FLAT
        bend = np.where(flat, 1.0, self.bend)
        base = 1 - bend * wanted  # not above 0 beyond the asymptote
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            sizes = np.where(flat, np.exp(wanted), np.where(base > 0, base ** (-1 / bend), np.inf))
        sizes = np.where(np.isnan(sizes) | (sizes > largest), np.inf, sizes)
        above = self.at(np.array([smallest]))[:, 0] > scores + _FLAT
        return np.where(above, smallest, np.maximum(sizes, smallest))


def fit(sizes: Array, scores: Array, weights: Array, *, saturating: bool = False) -> Curves:
    """The weighted least-squares curve of every draw: for each bend the best level and gain, then the best bend.

    Exact in level and gain for each of a grid of bends, so that no starting value matters.

    Args:
        sizes: numbers of examples, shape (points,).
        scores: shape (draws, points).
        weights: of the points, shape (points,).
        saturating: whether each further example must bring less than the one before, at least as with a logarithm.

    Raises:
        ValueError: fewer than two different sizes.
    """
    if len(np.unique(sizes)) < 2:
        raise ValueError("a learning curve needs scores at two different numbers of examples at least")
    weights = weights / weights.sum()
    best = Curves(*(np.zeros(len(scores)) for _ in range(3)))
    least = np.full(len(scores), np.inf)
    middle = scores @ weights
    for bend in _SATURATING if saturating else _BENDS:
        growth = _growth(sizes, np.array(bend))
        centre = growth @ weights
        spread = weights @ (growth - centre) ** 2
        gain = np.maximum(0.0, (scores - middle[:, None]) @ (weights * (growth - centre)) / spread)
        level = middle - gain * centre
        errors = (scores - level[:, None] - gain[:, None] * growth) ** 2 @ weights
        better = errors < least
        least = np.where(better, errors, least)
        best = Curves(
            np.where(better, level, best.level),
            np.where(better, gain, best.gain),
            np.where(better, bend, best.bend),
        )
    return best


def _growth(sizes: Array, bend: Array) -> Array:
    flat = np.abs(bend) < _FLAT
    safe = np.where(flat, 1.0, bend)
    return np.where(flat, np.log(sizes), (1 - sizes**-safe) / safe)
