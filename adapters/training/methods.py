"""The ways to train an adapter: what each needs, and why one is refused here before anything is trained.

A new method is one more entry; `crossover train --method` offers what stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from crossover.adapters.card import FULL, P_TUNING
from crossover.adapters.servable import NotServable
from crossover.adapters.training.options import TrainOptions

if TYPE_CHECKING:
    from peft import PeftConfig

    from crossover.adapters.training.trainer import RowTrainer


def lora_config(options: TrainOptions) -> PeftConfig:
    """LoRA on every linear layer but the output matrix."""
    from peft import LoraConfig

    return LoraConfig(
        r=options.rank,
        lora_alpha=options.lora_alpha,
        use_rslora=options.rslora,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _four_bit() -> dict[str, Any]:
    import torch
    from transformers import BitsAndBytesConfig

    return {
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    }


def _check_bitsandbytes() -> None:
    """Raises RuntimeError where the base model cannot be held in 4 bits."""
    import torch

    if not torch.cuda.is_available():
        raise RuntimeError(
            "--method qlora: bitsandbytes holds the base model in 4 bits on a GPU, and there is none here; "
            "train with --method lora, whose adapter is served the same"
        )
    if find_spec("bitsandbytes") is None:
        raise RuntimeError("--method qlora needs bitsandbytes: pip install bitsandbytes, or train with --method lora")


def _refuse_dora() -> None:
    """Raises NotServable: vllm/lora/peft_helper.py refuses `use_dora`, and no plain LoRA equals a DoRA adapter,
    which scales whole columns of the base model's weights: that change has no low rank."""
    raise NotServable(
        "--method dora: vLLM does not serve DoRA, and no LoRA adapter equals a DoRA one; train with --method lora, "
        "and with --rslora where the rank is large"
    )


def _encoder(options: TrainOptions) -> PeftConfig:
    from peft import PromptEncoderConfig

    # As wide as the model, which PEFT looks up.
    return PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=options.virtual_tokens)


def _virtual_token_trainer() -> type[RowTrainer]:
    from crossover.adapters.training.p_tuning import VirtualTokenTrainer

    return VirtualTokenTrainer


def _row_trainer() -> type[RowTrainer]:
    from crossover.adapters.training.trainer import RowTrainer

    return RowTrainer


def _in_full_precision() -> dict[str, Any]:
    import torch

    return {"dtype": torch.float32}  # in the one that models are kept in, small steps of their weights are lost


@dataclass(frozen=True, slots=True)
class Method:
    """One way to train.

    Args:
        words: what it is, for `--help`.
        check: raises what stands in its way here, with the remedy.
        peft_config: what PEFT puts on the base model; None: nothing, its own weights are trained.
        loading: further arguments to load the base model with.
        trainer: what trains it.
        learning_rate: the peak where none is given.
    """

    words: str
    check: Callable[[], None] = lambda: None
    peft_config: Callable[[TrainOptions], PeftConfig] | None = lora_config
    loading: Callable[[], dict[str, Any]] = dict
    trainer: Callable[[], type[RowTrainer]] = _row_trainer
    learning_rate: float = TrainOptions(name="").learning_rate


DPO = "dpo"
METHODS = {
    "lora": Method("low-rank matrices beside every linear layer"),
    "qlora": Method("the same over a base model held in 4 bits", _check_bitsandbytes, loading=_four_bit),
    "dora": Method("with magnitudes of their own; vLLM does not serve it", _refuse_dora),
    P_TUNING: Method(
        "virtual tokens in front of every prompt",
        peft_config=_encoder,
        trainer=_virtual_token_trainer,
        learning_rate=1e-2,
    ),
    FULL: Method(
        "every weight: a whole model, served by a vLLM of its own",
        peft_config=None,
        loading=_in_full_precision,
        learning_rate=5e-4,
    ),
    DPO: Method("preference pairs: better answers are raised above worse ones (training/dpo.py)"),
}


def method_of(options: TrainOptions) -> Method:
    """The method that the options name, when it can be used here.

    Raises:
        ValueError: no such method, or one whose adapter could not be served.
        RuntimeError: it needs what this machine lacks.
    """
    if options.method not in METHODS:
        raise ValueError(f"--method {options.method}: no such method; choose from {', '.join(METHODS)}")
    method = METHODS[options.method]
    method.check()
    return method
