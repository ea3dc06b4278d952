"""How features were spread in fitting: whether one question is unlike all that, and whether the stream has moved."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from crossover.server.routing.features import NAMES, Vector

MOVED = 0.25
"""Population stability index from which a feature counts as moved (Siddiqi 2006): above 0.25 "has shifted"."""

_BINS = 10
_MARGIN = 1.5  # questions that happen to be farther out than the few hundred fitted ones are not another kind
_LEAST_SHARE = 1e-3  # of a bin, so that one seen never before does not count infinitely
_FARTHEST = 8.0  # spreads; what lies beyond counts no more, or one odd value would decide alone
_DIGITS = 6


class Distribution(BaseModel):
    """The fitted questions, as far as later ones are compared with them.

    Args:
        edges: between the bins of each feature, its deciles as far as they differ.
        shares: of the questions in each bin of each feature, in the last one where it was unknown.
        always_known: the features that were known for every question.
        precision: the inverse of the features' covariance in spreads, shrunk (Ledoit and Wolf 2004): with it a
            question is far out too where each feature is common, and together they are not.
        common: the squared Mahalanobis distance that all but a hundredth of the questions kept to, a policy's of those
            that were held out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    edges: list[list[float]]
    shares: list[list[float]]
    always_known: list[bool]
    precision: list[list[float]]
    common: float

    @model_validator(mode="after")
    def _fits_together(self) -> Distribution:
        lengths = [len(each) + 2 for each in self.edges]
        if [len(each) for each in self.shares] != lengths or len(self.always_known) != len(lengths):
            raise ValueError("edges, shares, always_known: not one entry for each feature and bin")
        if [len(row) for row in self.precision] != [len(lengths)] * len(lengths):
            raise ValueError("precision: not one row and column for each feature")
        return self

    @classmethod
    def of(cls, rows: NDArray[np.float64], standard: NDArray[np.float64]) -> Distribution:
        """That of some feature vectors, as they are and in spreads from their mean; both (n, features)."""
        from sklearn.covariance import LedoitWolf

        edges = [_edges(column) for column in rows.T]
        covariance: NDArray[np.float64] = LedoitWolf().fit(_filled(standard)).covariance_
        constant = np.flatnonzero(_filled(standard).std(0) == 0)
        covariance[constant, constant] = 1.0  # what never varied says nothing of how far is far
        precision: NDArray[np.float64] = np.asarray(np.linalg.inv(covariance), np.float64).round(_DIGITS)
        return cls(
            edges=edges,
            shares=[_shares(column, each).tolist() for column, each in zip(rows.T, edges, strict=True)],
            always_known=[not np.isnan(column).any() for column in rows.T],
            precision=precision.tolist(),
            common=common_of(_distances(standard, precision)),
        )

    @property
    def limit(self) -> float:
        """The distance from which a question is unlike them: half as far again as the common one."""
        return _MARGIN * self.common

    def distance(self, standard: Vector) -> float:
        """How far out a question is, in spreads from the mean; infinite where it lacks what was always known."""
        if (np.isnan(standard) & self._always_known).any():
            return float("inf")
        return float(_distances(standard[None], self._precision)[0])

    def moved(self, rows: NDArray[np.float64]) -> dict[str, float]:
        """The population stability index of each feature of later questions, shape (n, features)."""
        return {
            name: _stability(np.array(before), _shares(column, edges))
            for name, before, edges, column in zip(NAMES, self.shares, self.edges, rows.T, strict=True)
        }

    @cached_property
    def _always_known(self) -> NDArray[np.bool_]:
        return np.array(self.always_known)

    @cached_property
    def _precision(self) -> NDArray[np.float64]:
        return np.array(self.precision)


def common_of(distances: Vector) -> float:
    """The distance that all but a hundredth keep to."""
    return float(np.quantile(distances, 0.99))


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


def _distances(standard: NDArray[np.float64], precision: NDArray[np.float64]) -> Vector:
    """Squared Mahalanobis distances; what is unknown counts as the mean."""
    filled = _filled(standard)
    return np.asarray(((filled @ precision) * filled).sum(1))


def _filled(standard: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.nan_to_num(standard), -_FARTHEST, _FARTHEST)
