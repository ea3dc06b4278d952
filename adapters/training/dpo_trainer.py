"""TRL's DPOTrainer as a training here needs it: our token rows, checkpoints by the clock, progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
from trl import DPOConfig, DPOTrainer

from crossover.adapters.base_model import BaseModel
from crossover.adapters.training.device import choose_device, fastest_dtype
from crossover.adapters.training.dpo_options import DpoOptions
from crossover.adapters.training.methods import lora_config
from crossover.adapters.training.options import Progress
from crossover.adapters.training.rows import Row
from crossover.adapters.training.start import load_parent
from crossover.adapters.training.trainer import Watch

_WARM_UP_STEPS = 5


class PairTrainer(DPOTrainer):
    """DPOTrainer over rows that are tokens already."""

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        # transformers 5.19 loads the adapters in subfolders where there are any, and there lies the frozen copy of the
        # parent alone: the adapter in training would silently begin anew.
        self.model.load_adapter(resume_from_checkpoint, "default", is_trainable=True)

    def create_model_card(self, *_: object, **__: object) -> None:
        """Nothing: the adapter has a card of its own."""


def build_trainer(
    rows: Sequence[Row],
    options: DpoOptions,
    base: BaseModel,
    parent: Path | None,
    folder: Path,
    report: Callable[[Progress], None],
) -> PairTrainer:
    """A trainer ready to run.

    Args:
        parent: the adapter that training goes on from and is held against; None: the base model.
        folder: for checkpoints.
    """
    set_seed(options.seed)
    device = choose_device(options.device)
    dtype = fastest_dtype(device)
    attention = "eager" if device.type == "cpu" else "sdpa"
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=dtype, attn_implementation=attention)
    trainer = PairTrainer(
        model=load_parent(model, parent, base) if parent else model,
        args=_arguments(options, folder, device, dtype),
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=AutoTokenizer.from_pretrained(base.path),
        peft_config=None if parent else lora_config(options),
        callbacks=[Watch(report, options)],
    )
    trainer.pop_callback(next(type(c) for c in trainer.callback_handler.callbacks if "Printer" in type(c).__name__))
    return trainer


def losses_of(trainer: PairTrainer) -> list[float]:
    """The mean loss of each epoch, from the trainer's log of every step."""
    epochs: dict[int, list[float]] = {}
    for entry in trainer.state.log_history:
        if "loss" in entry:
            epochs.setdefault(math.ceil(entry["epoch"]), []).append(entry["loss"])
    return [round(sum(losses) / len(losses), 4) for losses in epochs.values()]


def _arguments(options: DpoOptions, folder: Path, device: torch.device, dtype: torch.dtype) -> DPOConfig:
    return DPOConfig(
        output_dir=str(folder),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch,
        beta=options.beta,
        learning_rate=options.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=_WARM_UP_STEPS,
        max_grad_norm=1.0,
        seed=options.seed,
        data_seed=options.seed,
        bf16=dtype is torch.bfloat16,
        use_cpu=device.type == "cpu",
        gradient_checkpointing=device.type != "cpu",
        max_length=None,
        remove_unused_columns=False,
        logging_steps=1,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        save_strategy="no",
        save_total_limit=1,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        include_num_input_tokens_seen="non_padding",
    )
