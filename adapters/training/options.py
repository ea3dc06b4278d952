"""What a user decides about a training, and what a training tells on its way; loads nothing heavy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from crossover.adapters.prompt import Prompts
from crossover.adapters.training.context import Mixture


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What a user decides about a training."""

    name: str
    epochs: int = 32
    rank: int = 32
    alpha: int | None = None
    """Scale of the adapter; None: twice the rank."""
    learning_rate: float = 3e-3
    batch: int = 16
    word_dropout: float = 0.0
    """The share of a question's words left out, drawn anew each time, so that other wordings are understood."""
    seed: int = 0
    passages: int = 2
    """Passages a prompt holds, with context: the number that serving puts there."""
    mixture: Mixture = field(default_factory=Mixture)
    prompts: Prompts = field(default_factory=Prompts)
    template_kwargs: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    """The command line, for the card."""
    device: str | None = None
    """cpu, cuda or cuda:N; None: a GPU where there is one."""
    checkpoint_seconds: float = 45.0
    """How much work a kill may cost at most."""

    def __post_init__(self) -> None:
        for name in ("epochs", "rank", "batch", "learning_rate", "passages"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name.replace('_', '-')} {getattr(self, name)}: expected a number above 0")

    def hyperparameters(self) -> dict[str, Any]:
        """What decides the weights, as the card records it."""
        values = asdict(self)
        for other in ("name", "command", "prompts", "device", "checkpoint_seconds"):
            del values[other]
        return values | {"alpha": self.alpha or 2 * self.rank}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training has come."""

    step: int
    steps: int
    epoch: float
    loss: float
    seconds: float
    """Since this run began."""
    resumed_at: int = 0
    """The step that it began at, when an earlier run was killed."""

    @property
    def seconds_left(self) -> float:
        """At the pace so far."""
        done = self.step - self.resumed_at
        return self.seconds / done * (self.steps - self.step) if done else float("nan")
