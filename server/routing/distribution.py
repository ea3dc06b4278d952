"""How features were spread in fitting: whether one question is unlike all that, and whether the stream has moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from crossover.server.routing.features import NAMES, Vector

MOVED = 0.25
"""Population stability index from which a feature counts as moved (Siddiqi 2006): above 0.25 "has shifted"."""

_BINS = 10
_MARGIN = 1.5  # questions that happen to be farther out than the few hundred fitted ones are not another kind
_LEAST_SHARE = 1e-3  # of a bin, so that one seen never before does not count infinitely


class Distribution(BaseModel):
    """The fitted questions, as far as later ones are compared with them.

    Args:
        edges: between the bins of each feature, its deciles as far as they differ.
        shares: of the questions in each bin of each feature, in the last one where it was unknown.
        always_known: the features that were known for every question.
        limit: the mean squared distance from the mean, in spreads, from which a question is unlike them: half
            as far again as all but a thousandth of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    edges: list[list[float]]
    shares: list[list[float]]
    always_known: list[bool]
    limit: float

    @model_validator(mode="after")
    def _fits_together(self) -> Distribution:
        lengths = [len(each) + 2 for each in self.edges]
        if [len(each) for each in self.shares] != lengths or len(self.always_known) != len(lengths):
            raise ValueError("edges, shares, always_known: not one entry for each feature and bin")
        return self

    @classmethod
    def of(cls, rows: NDArray[np.float64], mean: Vector, spread: Vector) -> Distribution:
        """That of some feature vectors, shape (n, features)."""
        edges = [_edges(column) for column in rows.T]
        return cls(
            edges=edges,
            shares=[_shares(column, each).tolist() for column, each in zip(rows.T, edges, strict=True)],
            always_known=[not np.isnan(column).any() for column in rows.T],
            limit=_MARGIN * float(np.quantile(_distance(rows, mean, spread), 0.999)),
        )

    def unlike(self, vector: Vector, mean: Vector, spread: Vector) -> bool:
        """Whether a question is farther out than those fitted, or lacks what was always known of them."""
        if (np.isnan(vector) & np.array(self.always_known)).any():
            return True
        return bool(_distance(vector[None], mean, spread)[0] > self.limit)

    def moved(self, rows: NDArray[np.float64]) -> dict[str, float]:
        """The population stability index of each feature of later questions, shape (n, features)."""
        return {
            name: _stability(np.array(before), _shares(column, edges))
            for name, before, edges, column in zip(NAMES, self.shares, self.edges, rows.T, strict=True)
        }


def _edges(column: Vector) -> list[float]:
    known = column[~np.isnan(column)]
    if not len(known):
        return []
    return [float(edge) for edge in np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))]


def _shares(column: Vector, edges: list[float]) -> Vector:
    unknown = np.isnan(column)
    bins = np.searchsorted(np.array(edges), column[~unknown], side="left")
    counts = np.bincount(bins, minlength=len(edges) + 1)
    return np.append(counts, unknown.sum()) / max(1, len(column))


def _stability(before: Vector, now: Vector) -> float:
    before, now = np.maximum(before, _LEAST_SHARE), np.maximum(now, _LEAST_SHARE)
    return float(((now - before) * np.log(now / before)).sum())


def _distance(rows: NDArray[np.float64], mean: Vector, spread: Vector) -> Vector:
    squared = ((rows - mean) / spread) ** 2
    known = ~np.isnan(squared)
    return np.asarray(np.where(known, squared, 0.0).sum(1) / np.maximum(known.sum(1), 1))
