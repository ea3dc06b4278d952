"""Whether the questions that come in are still like those that the policy was fitted on."""

from __future__ import annotations

from collections import deque

import numpy as np
from prometheus_client import Gauge

from crossover.server.routing.distribution import MOVED
from crossover.server.routing.features import Vector
from crossover.server.routing.policy import Policy

WINDOW = 500  # latest questions that are compared
LEAST = 200  # with fewer, ten bins differ by chance
STRANGE = 0.1
"""Share of the latest questions farther out than all but a hundredth of the fitted ones, from which the whole stream
counts as of another kind: ten times as many, which chance does not bring and another world of the same kind did not."""

_STABILITY = Gauge(
    "crossover_router_feature_drift",
    "Population stability index of each feature of the latest questions against the fitted ones.",
    ["feature"],
)
_FAR_OUT = Gauge(
    "crossover_router_far_out", "Share of the latest questions that are farther out than 99 % of the fitted ones."
)


class Drift:
    """The feature vectors of the latest questions, compared with the fitted ones."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._latest: deque[Vector] = deque(maxlen=WINDOW)
        self._far: deque[bool] = deque(maxlen=WINDOW)

    def add(self, vector: Vector) -> None:
        """One more question."""
        self._latest.append(vector)
        self._far.append(self._policy.distance(vector) > self._policy.distribution.common)
        _FAR_OUT.set(self.far_out)

    @property
    def far_out(self) -> float:
        """The share of the latest questions beyond the common distance; 0 while questions are few."""
        return sum(self._far) / len(self._far) if len(self._far) >= LEAST else 0.0

    @property
    def strange(self) -> bool:
        """Whether they are of another kind, so that the policy is not to be trusted with those that look alike."""
        return self.far_out > STRANGE

    @property
    def reason(self) -> str:
        """Why the policy is not asked, the beginning of a sentence."""
        share = f"{100 * self.far_out:.0f} % of the last {len(self._far)}"
        return (
            f"The policy does not know such questions as have come lately ({share} are far from all it was fitted on)"
        )

    def moved(self) -> dict[str, float]:
        """The features that have moved, the farthest first, with their index; none while questions are few."""
        rows = list(self._latest)
        if len(rows) < LEAST:
            return {}
        indices = self._policy.distribution.moved(np.array(rows))
        for name, index in indices.items():
            _STABILITY.labels(name).set(index)
        by_index = sorted(indices.items(), key=lambda item: -item[1])
        return {name: round(index, 2) for name, index in by_index if index > MOVED}
