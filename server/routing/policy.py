"""policy.json: the fitted router as plain numbers, and what they come from; `crossover eval fit-router` writes it."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crossover.adapters.durable import replace_text
from crossover.server.routing.checking import SEEN, Check
from crossover.server.routing.circumstances import Circumstances
from crossover.server.routing.columns import Columns, Matrix, Scale
from crossover.server.routing.distribution import Distribution
from crossover.server.routing.estimators import Estimator, chances
from crossover.server.routing.features import FEATURE_VERSION, NAMES, Vector
from crossover.server.strategies import ABSTAIN, STRATEGIES

FILE = "policy.json"


class PolicyRefused(ValueError):
    """A policy is broken, or belongs to other features, another base model or an adapter that is gone."""


class FittedOn(BaseModel):
    """One folder of runs that a policy was fitted on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str
    question_set: str
    questions: int
    adapter: str | None


class Policy(BaseModel):
    """The fitted router.

    Args:
        feature_version: of routing/features.py; `features` are its names in the order of the columns.
        circumstances: base model, prompts and search that it was fitted under.
        adapters: the names of the adapters that it was fitted with.
        estimators: for each strategy, and for abstaining, its chance to be right.
        costs: of an answer of each, as a share of the dearest one's.
        checks: for strategies whose answers can be checked, the chance that one is right once it is there.
        points: columns of the fitted questions, where an estimator looks at neighbours; else empty.
        figures: what cross-validation found.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    feature_version: int
    features: list[str]
    fitted_at: str
    circumstances: Circumstances
    adapters: list[str]
    runs: list[FittedOn]
    scale: Scale
    estimators: dict[str, Estimator] = Field(min_length=1)
    costs: dict[str, float]
    checks: dict[str, Check] = {}
    points: list[list[float]] = []
    distribution: Distribution
    figures: dict[str, Any] = {}

    @model_validator(mode="after")
    def _fits_together(self) -> Policy:
        columns, n = len(self.features) + len(self.scale.marked), len(self.points)
        if unknown := {*self.estimators, *self.checks} - {*STRATEGIES, ABSTAIN}:
            raise ValueError(f"estimators, checks: {', '.join(sorted(unknown))}: no such strategy")
        if missing := set(self.estimators) - set(self.costs):
            raise ValueError(f"costs: {', '.join(sorted(missing))}: missing")
        _require_scale("scale", self.scale, len(self.features))
        if len(self.distribution.edges) != len(self.features):
            raise ValueError("distribution: not one entry for each feature")
        if any(len(point) != columns for point in self.points):
            raise ValueError(f"points: not {columns} columns each")
        for name, estimator in self.estimators.items():
            _require_columns(f"estimators.{name}", estimator, columns, n)
        for name, check in self.checks.items():
            seen = len(self.features) + SEEN
            _require_scale(f"checks.{name}", check.scale, seen)
            _require_columns(f"checks.{name}", check.estimator, seen + len(check.scale.marked), 0)
        return self

    def estimates(self, rows: Matrix) -> dict[str, Vector]:
        """Each strategy's chance to be right for each feature vector: shape (n, features) to (n,) each."""
        columns = Columns(self.scale.columns(rows), self._points)
        return {name: chances(each, columns) for name, each in self.estimators.items()}

    def distance(self, vector: Vector) -> float:
        """How far a question is from those that it was fitted on."""
        return self.distribution.distance(self.scale.standard(vector))

    def unlike(self, vector: Vector) -> bool:
        """Whether a question is so unlike the fitted ones that the estimates say nothing about it."""
        return self.distance(vector) > self.distribution.limit

    @property
    def questions(self) -> int:
        """How many questions it was fitted on."""
        return sum(run.questions for run in self.runs)

    @cached_property
    def _points(self) -> Matrix:
        return np.array(self.points)

    def save(self, path: Path) -> None:
        """Writes it in one step."""
        replace_text(path, self.model_dump_json(indent=1) + "\n")


def _require_scale(name: str, scale: Scale, features: int) -> None:
    """Raises where a scale is not made for so many features."""
    if {len(scale.mean), len(scale.spread)} != {features}:
        raise ValueError(f"{name}: not one entry for each of {features} features")
    if not set(scale.marked) <= set(range(features)):
        raise ValueError(f"{name}: marked: not all of them are features")


def _require_columns(name: str, estimator: Estimator, columns: int, points: int) -> None:
    """Raises where an estimator is not made for so many columns, or so many fitted questions."""
    if estimator.kind == "mean":
        for part in estimator.parts:
            _require_columns(name, part, columns, points)
    if estimator.kind == "knn" and (not points or len(estimator.right) != points):
        raise ValueError(f"{name}: {len(estimator.right)} labels for {points} points")
    if estimator.kind == "trees" and max(estimator.column) >= columns:
        raise ValueError(f"{name}: a node looks at column {max(estimator.column)} of {columns}")
    wanted = columns if getattr(estimator, "degree", 1) == 1 else columns + columns * (columns + 1) // 2
    if estimator.kind == "logistic" and len(estimator.weights) != wanted:
        raise ValueError(f"{name}: {len(estimator.weights)} weights, expected {wanted}")


def load(path: Path, now: Circumstances, adapters: Collection[str]) -> Policy:
    """The policy of a file, fit for use here.

    Args:
        now: what the server answers with.
        adapters: the names of the adapters that are there.

    Raises:
        FileNotFoundError: there is none.
        PolicyRefused: it is broken, or does not belong here; says why and what to do.
    """
    again = "fit it again: crossover eval fit-router DIR"
    try:
        policy = Policy.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise PolicyRefused(f"{path}: broken{f' at {field}' if field else ''}: {first['msg']}; {again}") from error
    if policy.feature_version != FEATURE_VERSION or tuple(policy.features) != NAMES:
        raise PolicyRefused(
            f"{path}: fitted on features of version {policy.feature_version}, now {FEATURE_VERSION}; {again}"
        )
    if difference := policy.circumstances.difference(now):
        raise PolicyRefused(f"{path}: fitted under {difference}; {again}, or set it back")
    if gone := sorted(set(policy.adapters) - set(adapters)):
        raise PolicyRefused(f"{path}: fitted with {', '.join(gone)}, which is no longer here; {again}")
    return policy
