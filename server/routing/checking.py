"""Is an answer right? What is seen of it once it is there, and the chance that follows from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crossover.adapters.refusal import is_refusal
from crossover.server.routing.columns import Columns, Matrix, Part, Scale
from crossover.server.routing.estimators import WithoutPoints, chances
from crossover.server.routing.features import Vector
from crossover.server.routing.words import share, words_of

SEEN = 3
"""How many figures `seen_of` tells of an answer."""

_NO_POINTS = np.empty((0, 0))


class Check(Part):
    """The chance that an answer of one strategy is right, once it is seen.

    Args:
        scale: of the features with what is seen of the answer behind them.
        estimator: any but neighbours, whose points are the questions without their answers.
    """

    scale: Scale
    estimator: WithoutPoints

    def right(self, features: Matrix, seen: Matrix) -> Vector:
        """Shape (n, features) and (n, SEEN) to (n,)."""
        columns = self.scale.columns(np.hstack([features, seen]))
        return chances(self.estimator, Columns(columns, _NO_POINTS))


def seen_of(answer: str, passages: Sequence[str]) -> list[float]:
    """How much of an answer stands in the passage that has most of it, whether it refuses, and its length in words.

    Args:
        passages: the texts that a prompt with passages gets, whether or not this answer's had them.
    """
    words = words_of(answer)
    held = [found for text in passages if (found := share(words, words_of(text))) is not None]
    return [max(held, default=float("nan")), float(is_refusal(answer)), float(len(answer.split()))]
