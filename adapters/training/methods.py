"""The ways to train: what each puts on the base model, and why one is refused before anything is trained.

A new method is one more entry; `crossover train --method` offers what stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover.adapters.card import FULL, P_TUNING
from crossover.adapters.training.options import TrainOptions

if TYPE_CHECKING:
    from peft import PeftConfig

    from crossover.adapters.training.trainer import RowTrainer


def _lora(options: TrainOptions) -> PeftConfig:
    from peft import LoraConfig

    return LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha or 2 * options.rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _encoder(options: TrainOptions) -> PeftConfig:
    from peft import PromptEncoderConfig

    # As wide as the model, which PEFT looks up.
    return PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=options.virtual_tokens)


def _row_trainer() -> type[RowTrainer]:
    from crossover.adapters.training.trainer import RowTrainer

    return RowTrainer


def _virtual_token_trainer() -> type[RowTrainer]:
    from crossover.adapters.training.p_tuning import VirtualTokenTrainer

    return VirtualTokenTrainer


def _all_weights() -> dict[str, Any]:
    import torch

    return {"dtype": torch.float32}  # small steps would be lost in the precision that models are kept in


@dataclass(frozen=True, slots=True)
class Method:
    """One way to train.

    Args:
        words: what it is, for `--help`.
        learning_rate: the peak where none is given.
        peft_config: what PEFT puts on the base model; None: nothing, its own weights are trained.
        loading: further arguments to load the base model with.
        trainer: what trains it.
    """

    words: str
    learning_rate: float = 3e-3
    peft_config: Callable[[TrainOptions], PeftConfig] | None = _lora
    loading: Callable[[], dict[str, Any]] = dict
    trainer: Callable[[], type[RowTrainer]] = _row_trainer


METHODS = {
    "lora": Method("low-rank matrices beside every linear layer"),
    P_TUNING: Method(
        "virtual tokens in front of every prompt",
        learning_rate=1e-2,
        peft_config=_encoder,
        trainer=_virtual_token_trainer,
    ),
    FULL: Method(
        "every weight; a whole model, served by a vLLM of its own",
        learning_rate=5e-4,
        peft_config=None,
        loading=_all_weights,
    ),
}


def method_of(options: TrainOptions) -> Method:
    """The method that the options name.

    Raises:
        ValueError: there is none of that name.
    """
    return _named(options.method)


def learning_rate_of(method: str) -> float:
    """The peak learning rate of a method where none is given.

    Raises:
        ValueError: there is no such method.
    """
    return _named(method).learning_rate


def _named(name: str) -> Method:
    if name not in METHODS:
        raise ValueError(f"--method {name}: no such method; choose from {', '.join(METHODS)}")
    return METHODS[name]
