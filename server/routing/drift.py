"""Whether the questions that come in are still like those that the policy was fitted on."""

from __future__ import annotations

from collections import deque

import numpy as np
from prometheus_client import Gauge

from crossover.server.routing.distribution import MOVED
from crossover.server.routing.features import NAMES, Vector
from crossover.server.routing.policy import Policy

WINDOW = 500  # latest questions that are compared
LEAST = 200  # with fewer, ten bins differ by chance
STRANGE = 0.1
"""Share of the latest questions farther out than all but a hundredth of the fitted ones, from which the whole stream
counts as of another kind: ten times as many, which chance does not bring and another world of the same kind did not."""

_EVERY = 50  # questions after which the gauges are set anew: the indices of all features take milliseconds

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
        self._latest: deque[tuple[Vector, bool]] = deque(maxlen=WINDOW)  # each with whether it is far out
        self._far = 0  # of the latest
        self._added = 0

    def add(self, vector: Vector) -> None:
        """One more question."""
        far = self._policy.distance(vector) > self._policy.distribution.common
        if len(self._latest) == WINDOW:
            self._far -= self._latest[0][1]
        self._latest.append((vector, far))
        self._far += far
        self._added += 1
        _FAR_OUT.set(self.far_out)
        if self._added % _EVERY == 0:
            for name, index in self._indices().items():
                _STABILITY.labels(name).set(index)

    @staticmethod
    def clear_metrics() -> None:
        """Forgets what the metrics say: the policy that they are about has gone."""
        _FAR_OUT.set(0)
        _STABILITY.clear()

    @property
    def far_out(self) -> float:
        """The share of the latest questions beyond the common distance; 0 while questions are few."""
        return self._far / len(self._latest) if len(self._latest) >= LEAST else 0.0

    @property
    def strange(self) -> bool:
        """Whether they are of another kind, so that the policy is not to be trusted with those that look alike."""
        return self.far_out > STRANGE

    @property
    def reason(self) -> str:
        """Why the policy is not asked, the beginning of a sentence."""
        share = f"{100 * self.far_out:.0f} % of the last {len(self._latest)}"
        return (
            f"The policy does not know such questions as have come lately ({share} are far from all it was fitted on)"
        )

    def moved(self) -> dict[str, float]:
        """The features that have moved, the farthest first, with their index; none while questions are few."""
        edges = dict(zip(NAMES, self._policy.distribution.edges, strict=True))
        by_index = sorted(self._indices().items(), key=lambda item: -item[1])
        return {name: round(index, 2) for name, index in by_index if index > MOVED + self._noise(len(edges[name]) + 1)}

    def _indices(self) -> dict[str, float]:
        rows = [vector for vector, _ in list(self._latest)]
        return self._policy.distribution.moved(np.array(rows)) if len(rows) >= LEAST else {}

    def _noise(self, bins: int) -> float:
        """The index to expect of questions of the same kind, by chance alone (Yurdakul 2018)."""
        fitted = self._policy.questions  # 0: unknown
        return bins * ((1 / fitted if fitted else 0.0) + 1 / len(self._latest))
