"""What a user decides about preference training; loads nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.adapters.training.options import TrainOptions


@dataclass(frozen=True, slots=True)
class DpoOptions(TrainOptions):
    """As TrainOptions, with what suits a model that can nearly do it already: few epochs, a low rate."""

    epochs: int = 4
    learning_rate: float = 3e-4
    beta: float = 0.1
    """How dear it is to move away from the model that training began with."""

    def __post_init__(self) -> None:
        TrainOptions.__post_init__(self)
        if self.beta <= 0:
            raise ValueError(f"beta {self.beta}: expected a number above 0")

    def hyperparameters(self) -> dict[str, Any]:
        """What decides the weights, as the card records it."""
        own = ("epochs", "rank", "learning_rate", "batch", "beta", "seed", "template_kwargs")
        return {name: getattr(self, name) for name in own} | {"alpha": self.alpha or 2 * self.rank}
