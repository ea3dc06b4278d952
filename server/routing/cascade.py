"""The second strategy: asked where the answer of the first, once it is there, is likely wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossover.server.routing.checking import Check
from crossover.server.routing.choice import Choice, Option
from crossover.server.routing.features import Vector
from crossover.server.routing.policy import Policy


@dataclass(frozen=True, slots=True)
class Second:
    """What answers instead, if the answer of `first` does not look right.

    Attributes:
        option: the best of the others.
        weight: the price of cost.
        check: of the first strategy's answers.
        vector: the question's features, beside the adapter of `first`.
    """

    first: Option
    option: Option
    weight: float
    check: Check
    vector: Vector

    def right(self, seen: Sequence[float] | Vector) -> float:
        """The chance that the first strategy's answer is right, by what `seen_of` tells of it."""
        return float(self.check.right(self.vector[None], np.array([seen]))[0])

    def is_worth_more(self, right: float) -> bool:
        """Whether it is worth more than an answer that is there and paid for, with that chance to be right."""
        return self.option.value(self.weight) > right

    def reason(self, right: float) -> str:
        """One sentence on why it was asked."""
        return (
            f"{self.first.name} answered first, but its answer is hardly right ({100 * right:.0f} %), and "
            f"{self.option.name} is likelier to be ({100 * self.option.right:.0f} %)."
        )


def second_of(policy: Policy, choice: Choice, weight: float) -> Second | None:
    """What may be asked after the strategy that was taken; None where its answers cannot be checked."""
    taken, others = choice.taken, [option for option in choice.options if option is not choice.taken]
    check = policy.checks.get(taken.strategy) if taken else None
    if taken is None or check is None or choice.beside_taken is None or not others:
        return None
    return Second(taken, max(others, key=lambda option: option.value(weight)), weight, check, choice.beside_taken)
