"""Estimators of a strategy's chance to be right, as plain numbers that need nothing but numpy to be evaluated."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from crossover.server.routing.columns import Columns, Matrix, Part

_Indices = NDArray[np.int_]

_PRIOR = 2.0  # neighbours that are added half right and half wrong, so that no estimate is ever 0 or 1
_SUREST = 0.01  # no leaves say less, nor more than one minus it


class Calibration(Part):
    """Platt's scaling (1999): the logit stretched and moved so that of all answers given 70 %, 70 % are right."""

    slope: float = 1.0
    offset: float = 0.0

    def chances(self, logits: Matrix) -> Matrix:
        """Chances from 0 to 1, shape (n,)."""
        return sigmoid(self.slope * logits + self.offset)


class Rate(Part):
    """The same chance for every question: all that can be learnt where nearly all answers were right, or wrong."""

    kind: Literal["rate"] = "rate"
    rate: Annotated[float, Field(gt=0, lt=1)]
    calibration: Calibration = Calibration()

    def logits(self, columns: Columns) -> Matrix:
        """Shape (n,)."""
        return np.full(len(columns), logit(np.array(self.rate)))


class Logistic(Part):
    """Logistic regression, on the columns and, at degree 2, on their products two by two."""

    kind: Literal["logistic"] = "logistic"
    degree: Literal[1, 2]
    weights: list[float]
    bias: float
    calibration: Calibration = Calibration()

    def logits(self, columns: Columns) -> Matrix:
        """Shape (n,)."""
        logits: Matrix = columns.expanded(self.degree) @ self._weights + self.bias
        return logits

    @cached_property
    def _weights(self) -> Matrix:
        return np.array(self.weights)


class Neighbours(Part):
    """The share of right answers among the k fitted questions that are nearest, the nearer counting more.

    Args:
        right: 1 or 0 for each of the policy's points.
    """

    kind: Literal["knn"] = "knn"
    k: Annotated[int, Field(ge=1)]
    right: list[float]
    calibration: Calibration = Calibration()

    def logits(self, columns: Columns) -> Matrix:
        """Shape (n,)."""
        nearest, weights = columns.nearest(self.k)
        k = nearest.shape[1]
        return logit(((weights * self._right[nearest]).sum(1) + _PRIOR / 2) / (k + _PRIOR))

    @cached_property
    def _right(self) -> Matrix:
        return np.array(self.right)


class Trees(Part):
    """The share of right answers in the leaves that a question comes to, the mean of many trees.

    Extremely randomised trees (Geurts et al. 2006), one after the other. A node's children come after it; a leaf is its
    own child.

    Args:
        roots: the first node of each tree.
        column, threshold: of each node; it is left where the column is not above the threshold.
        left, right: the children of each node.
        share: of right answers among the fitted questions in each node.
    """

    kind: Literal["trees"] = "trees"
    roots: Annotated[list[int], Field(min_length=1)]
    column: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    share: list[float]
    calibration: Calibration = Calibration()

    @model_validator(mode="after")
    def _are_trees(self) -> Trees:
        n = len(self.column)
        if {len(self.threshold), len(self.left), len(self.right), len(self.share)} != {n}:
            raise ValueError("not one entry for each node")
        for node, (left, right) in enumerate(zip(self.left, self.right, strict=True)):
            if not (left == right == node or node < min(left, right) <= max(left, right) < n):
                raise ValueError("the nodes are no trees")
        if not set(self.roots) <= set(range(n)):
            raise ValueError("the nodes are no trees")
        if min(self.column) < 0:
            raise ValueError("a node looks at no column")
        return self

    def logits(self, columns: Columns) -> Matrix:
        """Shape (n,)."""
        shares = np.array([self._share(row) for row in columns.values])
        return logit(np.clip(shares, _SUREST, 1 - _SUREST))

    def _share(self, row: Matrix) -> float:
        # All nodes decide at once, though few are passed: that is fewer steps of NumPy than going from node to node.
        column, threshold, left, right, share = self._nodes
        children = np.where(row[column] > threshold, right, left)
        nodes = np.array(self.roots)
        for _ in range(self._depth):
            nodes = children[nodes]
        return float(share[nodes].mean())

    @cached_property
    def _depth(self) -> int:
        _, _, left, right, _ = self._nodes
        depth, nodes = 0, np.array(self.roots)
        while (left[nodes] != nodes).any():
            depth, nodes = depth + 1, np.union1d(left[nodes], right[nodes])
        return depth

    @cached_property
    def _nodes(self) -> tuple[_Indices, Matrix, _Indices, _Indices, Matrix]:
        """Column, threshold, left, right and share."""
        return (
            np.array(self.column), np.array(self.threshold), np.array(self.left), np.array(self.right),
            np.array(self.share),
        )  # fmt: skip


class Mean(Part):
    """The mean of several estimators' logits: where they err unlike each other, it errs less than any of them."""

    kind: Literal["mean"] = "mean"
    parts: Annotated[list[Annotated[Rate | Logistic | Trees, Field(discriminator="kind")]], Field(min_length=1)]
    calibration: Calibration = Calibration()

    def logits(self, columns: Columns) -> Matrix:
        """Shape (n,)."""
        logits: Matrix = np.mean([part.logits(columns) for part in self.parts], axis=0)
        return logits


WithoutPoints = Annotated[Rate | Logistic | Trees | Mean, Field(discriminator="kind")]
"""All but neighbours, whose points are the fitted questions."""
Estimator = Annotated[Rate | Logistic | Neighbours | Trees | Mean, Field(discriminator="kind")]


def chances(estimator: Rate | Logistic | Neighbours | Trees | Mean, columns: Columns) -> Matrix:
    """The calibrated chance to be right of each question, shape (n,)."""
    return estimator.calibration.chances(estimator.logits(columns))


def sigmoid(logits: Matrix) -> Matrix:
    """Chances of logits."""
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))


def logit(chance: Matrix) -> Matrix:
    """Logits of chances."""
    clipped = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))
