"""The cost-quality curve: what more or less weight on cost buys, beside single strategies and mixtures of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossover.eval.router.asked import Asked
from crossover.eval.router.judge import by_policy
from crossover.server.routing.policy import Policy

WEIGHTS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.5)


@dataclass(frozen=True, slots=True)
class Point:
    """Mean price and mean score of an answer; `above` is by how much it beats the best mixture of that price."""

    weight: float
    cost: float
    score: float
    above: float


def curve(policy: Policy, asked: Asked, weights: Sequence[float] = WEIGHTS) -> list[Point]:
    """The policy's point at each weight."""
    singles = {name: (float(asked.prices[name].mean()), float(asked.scores[name].mean())) for name in asked.scores}
    points = []
    for weight in weights:
        found = by_policy(policy, asked, weight)
        score = float(found.scores.mean())
        points.append(Point(weight, found.cost, score, score - best_mixture(singles, found.cost)))
    return points


def best_mixture(singles: Mapping[str, tuple[float, float]], cost: float) -> float:
    """The best score that drawing between single strategies at random reaches at no more than a price.

    Args:
        singles: mean cost and mean score of each.
    """
    affordable = [score for price, score in singles.values() if price <= cost]
    between = [
        low_score + (high_score - low_score) * (cost - low) / (high - low)
        for low, low_score in singles.values()
        for high, high_score in singles.values()
        if low <= cost < high
    ]
    return max([*affordable, *between], default=0.0)


def cheapest_as_good(points: Sequence[Point], score: float) -> Point | None:
    """The cheapest point of a curve that is at least as good; None where none is."""
    return min((point for point in points if point.score >= score), key=lambda point: point.cost, default=None)
