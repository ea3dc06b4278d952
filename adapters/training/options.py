"""What a user decides about a training, and what a training tells on its way; loads nothing heavy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crossover.adapters.card import FULL, P_TUNING
from crossover.adapters.prompt import Prompts
from crossover.adapters.training.context import Mixture

_LORA = ("rank", "alpha", "rslora", "strength")
_UNUSED = {P_TUNING: _LORA, FULL: (*_LORA, "virtual_tokens")}
_ROWS, _FEWEST_EPOCHS = 64_000, 3
"""A course of the default length shows about so many rows at most; of very many examples each still so often."""
_STEPS = 1_300
"""So many steps the default learning rate is made for; of longer courses it would leave what they had reached."""
_READING, _CONTEXT_EPOCHS = 0.2, 0.8
"""The share of a training with context that keeps reading and refusing, which learning answers by heart spoils, and of
the epochs that it has, so that it shows as many rows as without."""
_CONTEXT_STRENGTH = 0.9
"""By it a made-up company's `hybrid` gains reading (75 instead of 65 % right on what changed, 76 instead of 68 on what
is new) and loses nothing of what was learnt by heart."""
_RSLORA_ALPHA = 8  # at rank 16 the same scale, 2, as without


def unused_by(method: str) -> frozenset[str]:
    """The options that a method has no use for; LoRA and its kin have none for virtual tokens."""
    return frozenset(_UNUSED.get(method, ("virtual_tokens",)))


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What a user decides about a training."""

    name: str
    method: str = "lora"
    """One of training/methods.py."""
    epochs: int = 32
    rank: int = 32
    alpha: int | None = None
    """Scale of the adapter; None: twice the rank, so that every rank has the same, or 8 with `rslora`."""
    rslora: bool = False
    """Scale by the root of the rank (Kalajdzievski 2023, arXiv:2312.03732): large ranks then learn as fast."""
    strength: float = 1.0
    """How much of what was learnt counts: the finished LoRA is scaled by it, and lies so far between the base model and
    what was trained (as weights of whole models in Wortsman et al. 2022, arXiv:2109.01903)."""
    virtual_tokens: int = 20
    """How many stand in front of a prompt, by P-tuning."""
    learning_rate: float = 3e-3
    batch: int = 16
    seed: int = 0
    replay: float = 0.0
    """The share of an epoch's rows that other abilities and tasks get, so that they are not forgotten."""
    early_stopping: bool = True
    """Keep the weights of the best validation loss, and stop when it has long not fallen; needs held-out examples."""
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
        for name in ("epochs", "rank", "virtual_tokens", "batch", "learning_rate", "passages"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name.replace('_', '-')} {getattr(self, name)}: expected a number above 0")
        if not 0 <= self.replay < 1:
            raise ValueError(f"replay {self.replay}: expected a share from 0 to below 1")
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength {self.strength}: expected a share above 0, 1 at most")

    def suited(self, examples: float, given: Collection[str] = ()) -> TrainOptions:
        """The same for a number of examples: many of them need fewer epochs, many steps a lower learning rate.

        Args:
            given: the options that the user decided, which stay.
        """
        epochs, rate = self.epochs, self.learning_rate
        examples = examples / (1 - self.replay)  # what is replayed lengthens an epoch
        if "epochs" not in given:
            epochs = min(epochs, max(_FEWEST_EPOCHS, round(_ROWS / max(examples, 1))))
        if "learning_rate" not in given:
            rate = float(f"{rate * min(1.0, _STEPS * self.batch / max(epochs * examples, 1)):.2g}")
        return replace(self, epochs=epochs, learning_rate=rate)

    def for_context(self, given: Collection[str] = ()) -> TrainOptions:
        """The same for a training with context: a part is replay, in as many fewer epochs, and not all of it counts.

        Args:
            given: the options that the user decided, which stay.
        """
        strength = self.strength if "strength" in given else _CONTEXT_STRENGTH
        if "replay" in given:
            return replace(self, strength=strength)
        epochs = self.epochs if "epochs" in given else round(self.epochs * _CONTEXT_EPOCHS)
        return replace(self, replay=_READING, epochs=epochs, strength=strength)

    @property
    def lora_alpha(self) -> int:
        """The scale of the adapter."""
        return self.alpha or (_RSLORA_ALPHA if self.rslora else 2 * self.rank)

    def hyperparameters(self) -> dict[str, Any]:
        """What decides the weights, as the card records it; method and validation stand there on their own."""
        values = asdict(self)
        for other in ("name", "method", "command", "prompts", "device", "checkpoint_seconds", "early_stopping"):
            del values[other]
        values["alpha"] = self.lora_alpha
        left_out = {
            name for name, plain in (("rslora", False), ("replay", 0), ("strength", 1)) if values[name] == plain
        }
        for other in left_out | unused_by(self.method):
            del values[other]
        return values


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training has come."""

    step: int
    steps: int
    epoch: float
    loss: float
    seconds: float
    """Since this run began."""
    validation: float | None = None
    """The latest loss on examples that are not trained on; None: there are none, or not yet."""
    resumed_at: int = 0
    """The step that it began at, when an earlier run was killed."""

    @property
    def seconds_left(self) -> float:
        """At the pace so far."""
        done = self.step - self.resumed_at
        return self.seconds / done * (self.steps - self.step) if done else float("nan")
