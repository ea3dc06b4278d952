"""The trainers that the training benchmark lets run: ours, and TRL's SFTTrainer with any flags."""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from datasets import Dataset
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

from crossover.adapters.base_model import BaseModel, resolve
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import DataSet
from crossover.adapters.prompt import Prompts
from crossover.adapters.training.context import ContextDrawer
from crossover.adapters.training.methods import lora_config
from crossover.adapters.training.options import TrainOptions
from crossover.adapters.training.rows import Row, Rows
from crossover.adapters.training.trainer import build_trainer
from crossover.eval.bench.training_data import TrainingData

_POINTS = 8  # validation losses of a training
_VALIDATED_TOGETHER = 32


@dataclass(frozen=True, slots=True)
class Course:
    """One training: samples, its seconds, and the validation loss on its way as (samples, seconds, loss)."""

    samples: int
    seconds: float
    losses: list[tuple[int, float, float]]

    @property
    def speed(self) -> float:
        """Samples a second."""
        return self.samples / self.seconds

    def reached(self, loss: float) -> tuple[int, float]:
        """The samples and the seconds after which the validation loss was as low as that, by a straight line between
        two points; never the beginning, where nothing is learnt yet."""
        for (samples, seconds, above), (later, end, below) in itertools.pairwise(self.losses):
            if below <= loss:
                way = (above - loss) / (above - below) if above > loss else 1.0
                return round(samples + way * (later - samples)), seconds + way * (end - seconds)
        raise ValueError(f"a validation loss of {loss} was never reached")


@dataclass(frozen=True, slots=True)
class Material:
    """What every contestant trains on and is validated with."""

    options: TrainOptions
    base: BaseModel
    tokenizer: ChatTokenizer
    rows: Callable[[], Rows]
    drawn: Sequence[Row]
    """All epochs' rows, drawn and tokenised."""
    validation: Sequence[Row]

    @classmethod
    def of(cls, data: TrainingData, epochs: int) -> Material:
        """Rows with and without passages, as `crossover train --with-context` makes them."""
        base = resolve()
        tokenizer = ChatTokenizer(base.path)
        options = TrainOptions("bench", epochs=epochs, passages=base.passages)

        def rows(part: DataSet, epochs: int) -> Rows:
            drawer = ContextDrawer(part.examples, data.retrieve, passages=base.passages, mixture=options.mixture)
            return Rows(drawer.draw, part.examples, epochs, tokenizer, Prompts(), base.max_model_len or 1024)

        def drawn(rows: Rows) -> list[Row]:
            return [rows[n] for n in range(len(rows))]

        validation = drawn(rows(data.validation, 1))
        return cls(
            options,
            base,
            tokenizer,
            lambda: rows(data.train, epochs),
            drawn(rows(data.train, epochs)),
            validation,
        )


Precision = Literal["bf16", "bf16 weights", "float32"]


@dataclass(frozen=True, slots=True)
class Flags:
    """What of TRL's flags decides its speed; as they stand here they are its defaults."""

    batch: int = 8
    packing: bool = False
    checkpointing: bool = True
    precision: Precision = "bf16"

    def __str__(self) -> str:
        packing, checkpointing = ("on" if on else "off" for on in (self.packing, self.checkpointing))
        return f"batch {self.batch}, packing {packing}, checkpointing {checkpointing}, {self.precision}"


class Clock(TrainerCallback):
    """The seconds of a training without its validation, and the validation loss at some points."""

    def __init__(self, validation: Sequence[Row], samples: int, pad: int) -> None:
        self._validation, self._samples, self._pad = validation, samples, pad
        self._seconds = 0.0
        self._since = 0.0
        self._due = 1
        self.losses: list[tuple[int, float, float]] = []

    @property
    def course(self) -> Course:
        """What was measured."""
        return Course(self._samples, self._seconds, self.losses)

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        self._validate(model, 0)
        self._since = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        if state.global_step < self._due * state.max_steps / _POINTS:
            return
        self._due += 1
        self._seconds += time.perf_counter() - self._since
        self._validate(model, round(self._samples * state.global_step / state.max_steps))
        self._since = time.perf_counter()

    def _validate(self, model: Any, samples: int) -> None:
        if self._validation:
            self.losses.append((samples, self._seconds, validation_loss(model, self._validation, self._pad)))


class Ours:
    """Our trainer as `crossover train` builds it."""

    def run(self, material: Material) -> Course:
        """One training over all rows."""
        rows = material.rows()
        with _quiet() as folder:
            trainer = build_trainer(rows, material.options, material.base, material.tokenizer, folder, lambda _: None)
            return _timed(trainer, material.validation, len(rows), material.tokenizer.pad_token_id)


@dataclass(frozen=True, slots=True)
class Peer:
    """TRL's SFTTrainer; what decides what is learnt, LoRA, learning rate and seed, is as ours."""

    flags: Flags

    def run(self, material: Material, rows: int | None = None) -> Course:
        """One training over all rows; `rows`: over so many of them, without validation."""
        drawn = material.drawn[:rows]
        flags, options = self.flags, material.options
        dtype = {"bf16": {}, "bf16 weights": {"dtype": "bfloat16"}, "float32": {}}[flags.precision]
        with _quiet() as folder:
            arguments = SFTConfig(
                output_dir=str(folder),
                per_device_train_batch_size=flags.batch,
                packing=flags.packing,
                gradient_checkpointing=flags.checkpointing,
                bf16=flags.precision != "float32",
                model_init_kwargs=dtype or None,
                num_train_epochs=1,  # the rows hold all epochs
                learning_rate=options.learning_rate,
                seed=options.seed,
                use_cpu=not torch.cuda.is_available(),
                report_to="none",
                save_strategy="no",
                disable_tqdm=True,
            )
            trainer = SFTTrainer(
                model=material.base.path,
                args=arguments,
                train_dataset=Dataset.from_list(list(drawn)),
                processing_class=AutoTokenizer.from_pretrained(material.base.path),
                peft_config=lora_config(options),
            )
            validation = material.validation if rows is None else ()
            return _timed(trainer, validation, len(drawn), material.tokenizer.pad_token_id)


def validation_loss(model: Any, rows: Sequence[Row], pad: int) -> float:
    """The mean loss of the answers' tokens, in bfloat16 for every contestant."""
    total, tokens = 0.0, 0
    model.eval()
    device = next(model.parameters()).device
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        for start in range(0, len(rows), _VALIDATED_TOGETHER):
            part = rows[start : start + _VALIDATED_TOGETHER]
            ids = pad_sequence([torch.tensor(row["input_ids"]) for row in part], True, pad).to(device)
            labels = pad_sequence([torch.tensor(row["labels"]) for row in part], True, -100).to(device)
            # Rows are padded behind, so no token of a row sees what was added.
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1].float()
            total += cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), reduction="sum").item()
            tokens += int((labels[:, 1:] != -100).sum())
    model.train()
    return total / tokens


def _timed(trainer: Any, validation: Sequence[Row], samples: int, pad: int) -> Course:
    clock = Clock(validation, samples, pad)
    trainer.add_callback(clock)
    trainer.train()
    course = clock.course
    del trainer
    gc.collect()
    return course


@contextlib.contextmanager
def _quiet() -> Iterator[Path]:
    """A folder to train in; what the trainers print meanwhile is dropped."""
    with tempfile.TemporaryDirectory(prefix="crossover-bench-") as folder, contextlib.redirect_stdout(io.StringIO()):
        yield Path(folder)
