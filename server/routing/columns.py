"""From feature vectors to what estimators look at: columns of like size, their products and their neighbours."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Matrix = NDArray[np.float64]

_TINY = 1e-6  # where all points are equally far, they count alike
_FARTHEST = 4.0  # spreads from the mean; what lies beyond counts no more, or one odd value would decide alone


class Part(BaseModel):
    """A part of policy.json: nothing unknown in it, and no number that is none."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Scale(Part):
    """Makes columns of like size from features: standardised, unknown ones at the mean and marked.

    Args:
        mean, spread: of each feature where it was known, in fitting.
        marked: which features were sometimes unknown in fitting; each has a column that says when.
    """

    mean: list[float]
    spread: list[Annotated[float, Field(gt=0)]]
    marked: list[int]

    def standard(self, features: Matrix) -> Matrix:
        """Spreads from the mean, NaN where unknown; shape (n, features)."""
        return (features - self._mean) / self._spread

    def columns(self, features: Matrix) -> Matrix:
        """Shape (n, features) with NaN to (n, features + marked) without."""
        unknown = np.isnan(features)
        filled = np.where(unknown, 0.0, np.clip(self.standard(features), -_FARTHEST, _FARTHEST))
        return np.hstack([filled, unknown[:, self.marked].astype(np.float64)])

    @cached_property
    def _mean(self) -> Matrix:
        return np.array(self.mean)

    @cached_property
    def _spread(self) -> Matrix:
        return np.array(self.spread)


class Columns:
    """Some questions as the estimators look at them; what several estimators need is computed once.

    Args:
        values: shape (n, columns).
        points: columns of the fitted questions, shape (m, columns); empty where no estimator looks at neighbours.
    """

    def __init__(self, values: Matrix, points: Matrix) -> None:
        self.values = values
        self._points = points
        self._expanded: dict[int, Matrix] = {}
        self._nearest: dict[int, tuple[NDArray[np.intp], Matrix]] = {}

    def __len__(self) -> int:
        return len(self.values)

    def expanded(self, degree: int) -> Matrix:
        """As `expand`."""
        if degree not in self._expanded:
            self._expanded[degree] = expand(self.values, degree)
        return self._expanded[degree]

    def nearest(self, k: int) -> tuple[NDArray[np.intp], Matrix]:
        """The k nearest points of each question in no order, all where there are fewer, and how much each counts.

        The farther the less, nothing at the distance of the next point: so an estimate moves only as far as a
        question does, where a count of neighbours jumps when one takes another's place.

        Returns:
            Indices and weights, shape (n, k) each; the weights of a question sum to k.
        """
        k = min(k, len(self._points))
        if k not in self._nearest:
            nearest = np.argpartition(self._distances, k - 1, axis=1)[:, :k]
            distances = np.take_along_axis(self._distances, nearest, axis=1)
            next_one = min(k, len(self._points) - 1)
            border = np.partition(self._distances, next_one, axis=1)[:, [next_one]]
            weights = 1 - distances / (border + _TINY) + _TINY
            self._nearest[k] = nearest, k * weights / weights.sum(axis=1, keepdims=True)
        return self._nearest[k]

    @cached_property
    def _distances(self) -> Matrix:
        """Squared, of each question to each point."""
        squares = (self.values**2).sum(1, keepdims=True) + (self._points**2).sum(1)
        distances: Matrix = np.maximum(squares - 2 * self.values @ self._points.T, 0.0)
        return distances


def expand(columns: Matrix, degree: int) -> Matrix:
    """The columns, at degree 2 with their products and squares behind them."""
    if degree == 1:
        return columns
    first, second = _pairs(columns.shape[1])
    return np.hstack([columns, columns[:, first] * columns[:, second]])


@cache
def _pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.triu_indices(n)
