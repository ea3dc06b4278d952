"""Whether the questions that come in are still like those that the policy was fitted on."""

from __future__ import annotations

from collections import deque

import numpy as np
from prometheus_client import Gauge

from crossover.server.routing.distribution import MOVED, Distribution
from crossover.server.routing.features import Vector

WINDOW = 500  # latest questions that are compared
LEAST = 200  # with fewer, ten bins differ by chance

_STABILITY = Gauge(
    "crossover_router_feature_drift",
    "Population stability index of each feature of the latest questions against the fitted ones.",
    ["feature"],
)


class Drift:
    """The feature vectors of the latest questions, compared with the fitted ones."""

    def __init__(self, fitted: Distribution) -> None:
        self._fitted = fitted
        self._latest: deque[Vector] = deque(maxlen=WINDOW)

    def add(self, vector: Vector) -> None:
        """One more question."""
        self._latest.append(vector)

    def moved(self) -> dict[str, float]:
        """The features that have moved, the farthest first, with their index; none while questions are few."""
        rows = list(self._latest)
        if len(rows) < LEAST:
            return {}
        indices = self._fitted.moved(np.array(rows))
        for name, index in indices.items():
            _STABILITY.labels(name).set(index)
        by_index = sorted(indices.items(), key=lambda item: -item[1])
        return {name: round(index, 2) for name, index in by_index if index > MOVED}
