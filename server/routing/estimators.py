"""Estimators of a strategy's chance to be right, as plain numbers that need nothing but numpy to be evaluated."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Matrix = NDArray[np.float64]

_PRIOR = 2.0  # neighbours that are added half right and half wrong, so that no estimate is ever 0 or 1
_FARTHEST = 4.0  # spreads from the mean; what lies beyond counts no more, or one odd value would decide alone


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Scale(_Part):
    """Makes columns of like size from features: standardised, unknown ones at the mean and marked.

    Args:
        mean, spread: of each feature where it was known, in fitting.
        marked: which features were sometimes unknown in fitting; each has a column that says when.
    """

    mean: list[float]
    spread: list[Annotated[float, Field(gt=0)]]
    marked: list[int]

    def columns(self, features: Matrix) -> Matrix:
        """Shape (n, features) with NaN to (n, features + marked) without."""
        unknown = np.isnan(features)
        standard = (features - np.array(self.mean)) / np.array(self.spread)
        filled = np.where(unknown, 0.0, np.clip(standard, -_FARTHEST, _FARTHEST))
        return np.hstack([filled, unknown[:, self.marked].astype(np.float64)])


class Calibration(_Part):
    """Platt's scaling (1999): the logit stretched and moved so that of all answers given 70 %, 70 % are right."""

    slope: float = 1.0
    offset: float = 0.0

    def chances(self, logits: Matrix) -> Matrix:
        """Chances from 0 to 1, shape (n,)."""
        return sigmoid(self.slope * logits + self.offset)


class Rate(_Part):
    """The same chance for every question: all that can be learnt where nearly all answers were right, or wrong."""

    kind: Literal["rate"] = "rate"
    rate: Annotated[float, Field(gt=0, lt=1)]
    calibration: Calibration = Calibration()

    def logits(self, columns: Matrix, points: Matrix) -> Matrix:
        """Shape (n,)."""
        return np.full(len(columns), logit(np.array(self.rate)))


class Logistic(_Part):
    """Logistic regression, on the columns and, at degree 2, on their products two by two."""

    kind: Literal["logistic"] = "logistic"
    degree: Literal[1, 2]
    weights: list[float]
    bias: float
    calibration: Calibration = Calibration()

    def logits(self, columns: Matrix, points: Matrix) -> Matrix:
        """Shape (n,)."""
        logits: Matrix = expand(columns, self.degree) @ np.array(self.weights) + self.bias
        return logits


class Neighbours(_Part):
    """The share of right answers among the k fitted questions that are nearest.

    Args:
        right: 1 or 0 for each of the policy's points.
    """

    kind: Literal["knn"] = "knn"
    k: Annotated[int, Field(ge=1)]
    right: list[float]
    calibration: Calibration = Calibration()

    @cached_property
    def _right(self) -> Matrix:
        return np.array(self.right)

    def logits(self, columns: Matrix, points: Matrix) -> Matrix:
        """Shape (n,).

        Args:
            points: columns of the fitted questions, shape (len(right), columns).
        """
        k = min(self.k, len(points))
        distances = (columns**2).sum(1)[:, None] - 2 * columns @ points.T + (points**2).sum(1)
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        return logit((self._right[nearest].sum(1) + _PRIOR / 2) / (k + _PRIOR))


Estimator = Annotated[Rate | Logistic | Neighbours, Field(discriminator="kind")]


def chances(estimator: Rate | Logistic | Neighbours, columns: Matrix, points: Matrix) -> Matrix:
    """The calibrated chance to be right of each row, shape (n,)."""
    return estimator.calibration.chances(estimator.logits(columns, points))


def expand(columns: Matrix, degree: int) -> Matrix:
    """The columns, at degree 2 with their products and squares behind them."""
    if degree == 1:
        return columns
    first, second = np.triu_indices(columns.shape[1])
    return np.hstack([columns, columns[:, first] * columns[:, second]])


def sigmoid(logits: Matrix) -> Matrix:
    """Chances of logits."""
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))


def logit(chance: Matrix) -> Matrix:
    """Logits of chances."""
    clipped = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))
