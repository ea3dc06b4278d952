"""TRL's SFTTrainer as a training here needs it: our rows and their order, checkpoints by the clock, progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback, set_seed
from trl import SFTConfig, SFTTrainer

from crossover.adapters.base_model import BaseModel
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.training.attention import causal_attention
from crossover.adapters.training.device import choose_device, fastest_dtype, free_memory
from crossover.adapters.training.fused_lora import fuse_lora
from crossover.adapters.training.losses import Losses, Point
from crossover.adapters.training.memory import Cut, cut, shape_of
from crossover.adapters.training.methods import method_of
from crossover.adapters.training.options import Progress, TrainOptions
from crossover.adapters.training.rows import Order, Rows
from crossover.adapters.training.start import load_parent
from crossover.adapters.training.validation import EVALUATIONS, PATIENCE

_WARM_UP_STEPS = 20
_VALIDATION_BATCH = 16


class RowTrainer(SFTTrainer):
    """SFTTrainer over Rows, in the rows' own order.

    Attributes:
        virtual_tokens: how many positions the model puts in front of a row.
    """

    virtual_tokens = 0

    def __init__(self, *, order: Order, **arguments: Any) -> None:
        self._order = order
        super().__init__(**arguments)

    def _get_train_sampler(self, train_dataset: object = None) -> Order:
        return self._order

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The mean loss of the answers' tokens. On a CPU TRL would put every position through the output matrix,
        a third of the time of a small model; so there only the columns that hold an answer go through it."""
        labels = inputs["labels"]
        if (labels.device.type != "cpu" and not self.virtual_tokens) or return_outputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        columns = (labels != -100).any(dim=0).nonzero().squeeze(1)  # (C,), mostly the last few
        # Padding stands behind, where no token of a causal model looks: without a mask attention has less to do.
        first = self.virtual_tokens - 1  # where what foretells the first column stands
        logits = model(input_ids=inputs["input_ids"], use_cache=False, logits_to_keep=columns + first).logits
        loss = cross_entropy(logits.float().flatten(0, 1), labels[:, columns].flatten(), reduction="sum")
        return loss / ((labels != -100).sum() if num_items_in_batch is None else num_items_in_batch)

    def floating_point_ops(self, inputs: Any) -> int:
        """Nothing: counting them walks through the whole model at every batch."""
        return 0

    def create_model_card(self, *_: object, **__: object) -> None:
        """Nothing: the adapter has a card of its own."""


class Watch(TrainerCallback):
    """Reports each step, and asks for a checkpoint when some time has passed since the last."""

    def __init__(self, report: Callable[[Progress], None], options: TrainOptions) -> None:
        self._report, self._epochs, self._pause = report, options.epochs, options.checkpoint_seconds
        self._began = self._saved = time.monotonic()
        self._resumed_at = 0
        self._validation: float | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._began = self._saved = time.monotonic()
        self._resumed_at = state.global_step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if time.monotonic() - self._saved > self._pause and state.global_step < state.max_steps:
            self._saved = time.monotonic()
            control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            step, steps = state.global_step, state.max_steps
            seconds = time.monotonic() - self._began
            epoch = step / steps * self._epochs
            self._report(Progress(step, steps, epoch, logs["loss"], seconds, self._validation, self._resumed_at))
        elif logs and "eval_loss" in logs:
            self._validation = logs["eval_loss"]


class EarlyStop(TrainerCallback):
    """Ends a training whose validation loss has long not been the best, and looks at it once more at the end.

    It goes by the trainer's log, which checkpoints hold: so a training that was killed stops where it would have.
    """

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == state.max_steps:
            control.should_evaluate = True

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        losses = [entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry]
        if len(losses) - 1 - losses.index(min(losses)) >= PATIENCE:
            control.should_training_stop = True


def build_trainer(
    rows: Rows,
    options: TrainOptions,
    base: BaseModel,
    tokenizer: ChatTokenizer,
    folder: Path,
    report: Callable[[Progress], None],
    *,
    validation: Rows | None = None,
    parent: Path | None = None,
) -> RowTrainer:
    """A trainer ready to run.

    Args:
        rows: what is trained on.
        options: see TrainOptions.
        base: the frozen model below.
        tokenizer: its tokenizer, as serving has it.
        folder: for checkpoints.
        report: called after each step.
        validation: what chooses the best weights and stops early; None: the last weights are kept.
        parent: the adapter to go on from.
    """
    set_seed(options.seed)
    method = method_of(options)
    device = choose_device(options.device)
    part = options.batch // _parts(options)
    dtype = fastest_dtype(device)
    shape = shape_of(base.path, options.rank if method.peft_config else None, dtype)
    chosen = cut(shape, part, rows.longest(), free_memory(device), options.device or str(device))
    loading = {"dtype": dtype, "attn_implementation": "sdpa"} | method.loading()
    model = AutoModelForCausalLM.from_pretrained(base.path, **loading)
    if device.type == "cpu":
        model.set_attn_implementation(causal_attention(model.config.model_type))
    if parent is not None:
        model = load_parent(model, parent, base)
    validate_every = _pause(rows, options) if validation else 0
    trainer = method.trainer()(
        order=Order(rows, part, options.seed),
        model=model,
        args=_arguments(options, folder, chosen, device, dtype, validate_every),
        train_dataset=_lazy(rows),
        eval_dataset=_lazy(validation) if validation else None,
        processing_class=AutoTokenizer.from_pretrained(base.path),
        peft_config=method.peft_config(options) if method.peft_config and not parent else None,
        callbacks=[Watch(report, options), *([EarlyStop()] if validation else [])],
    )
    fuse_lora(trainer.model)
    trainer.pop_callback(next(type(c) for c in trainer.callback_handler.callbacks if "Printer" in type(c).__name__))
    return trainer


def losses_of(trainer: RowTrainer, epochs: int) -> Losses:
    """What a trainer that has run logged."""
    steps, log = trainer.state.max_steps, trainer.state.log_history

    def points(kind: str) -> list[Point]:
        return [(entry["step"] / steps * epochs, entry[kind]) for entry in log if kind in entry]

    return Losses(points("loss"), points("eval_loss"), epochs)


def _lazy(rows: Rows) -> Dataset:
    """The rows as the data set type that TRL insists on; each is drawn when its batch is due."""

    def drawn(batch: dict[str, list[int]]) -> dict[str, list[list[int]]]:
        fetched = [rows[index] for index in batch["index"]]
        return {column: [row[column] for row in fetched] for column in Rows.column_names}

    return Dataset.from_dict({"index": range(len(rows))}).with_transform(drawn)


def _parts(options: TrainOptions) -> int:
    """Into how many parts a batch is cut: short rows and long ones."""
    return 1 if options.batch % 2 else 2


def _pause(rows: Rows, options: TrainOptions) -> int:
    """The steps between two looks at the validation loss."""
    return max(1, math.ceil(len(rows) / options.batch / EVALUATIONS))


def _arguments(
    options: TrainOptions, folder: Path, chosen: Cut, device: torch.device, dtype: torch.dtype, validate_every: int
) -> SFTConfig:
    validating: dict[str, Any] = {
        "eval_strategy": "steps",
        "eval_steps": validate_every,
        "per_device_eval_batch_size": _VALIDATION_BATCH,
        "prediction_loss_only": True,
        "load_best_model_at_end": True,
        "metric_for_best_model": "loss",
        "greater_is_better": False,
    }
    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=1,  # the rows hold all epochs
        per_device_train_batch_size=chosen.rows,
        gradient_accumulation_steps=options.batch // chosen.rows,
        learning_rate=options.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=_WARM_UP_STEPS,
        # Rows with and without passages differ so much that a long memory of gradients misleads: 0.999 learnt less.
        adam_beta2=0.95,
        max_grad_norm=1.0,
        seed=options.seed,
        data_seed=options.seed,
        bf16=dtype is torch.bfloat16,
        use_cpu=device.type == "cpu",
        gradient_checkpointing=chosen.checkpointing,
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
        remove_unused_columns=False,
        logging_steps=1,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        save_strategy="best" if validate_every else "no",
        save_total_limit=1,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        include_num_input_tokens_seen="non_padding",
        **(validating if validate_every else {}),
    )
