"""LoRA by TRL's SFTTrainer and PEFT: examples in, a registered adapter version out.

    version = train(formats.read(path), TrainOptions(name="support"), base, registry)

The rows are tokenised by the renderer that serving uses, loss falls on the answer and its end token alone, and the
same data with the same options gives the same adapter digest. A run that was killed goes on from its last checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.adapters.base_model import BaseModel
from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.kept_examples import write_kept
from crossover.adapters.registry import AdapterVersion, Registry, check_name
from crossover.adapters.servable import CONFIG, WEIGHTS
from crossover.adapters.training.context import ContextDrawer, Drawn
from crossover.adapters.training.options import Progress, TrainOptions
from crossover.adapters.training.sources import Retrieve, joined
from crossover.adapters.training.wording import thinned
from crossover.adapters.training.workspace import Workspace

if TYPE_CHECKING:
    from peft import PeftModel

    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.training.rows import Rows


def train(
    dataset: DataSet,
    options: TrainOptions,
    base: BaseModel,
    registry: Registry,
    *,
    retrieve: Retrieve | None = None,
    held_out: Sequence[Example] = (),
    progress: Callable[[Progress], None] = lambda _: None,
) -> AdapterVersion:
    """A new version of the adapter `options.name`, registered, not promoted.

    Args:
        dataset: all of it is trained on.
        options: see TrainOptions.
        base: the frozen model below.
        registry: where the version goes; nothing there changes before it is complete.
        retrieve: the passages for a question; given, the adapter is trained with context.
        held_out: examples of the same task that are not trained on, kept for the gate.
        progress: called after each step.

    Raises:
        ValueError: a wrong name or option, no examples, an example that does not fit the model's context.
        RuntimeError: another training of the same is running, or the disk is full.
    """
    from crossover.adapters.chat_template import ChatTokenizer

    check_name(options.name)
    registry.check_rank(options.rank)
    if not dataset.examples:
        raise ValueError(f"{dataset.name}: no examples to train on")
    tokenizer = ChatTokenizer(base.path, options.template_kwargs)
    drawer = (
        ContextDrawer(
            dataset.examples,
            retrieve,
            passages=options.passages,
            mixture=options.mixture,
            word_dropout=options.word_dropout,
            seed=options.seed,
        )
        if retrieve
        else None
    )
    if drawer and not drawer.documents:
        raise ValueError("no passage was found for any example: index documents first, or train without context")
    key = _key(dataset, options, base, tokenizer, drawer)
    with Workspace(registry.folder / options.name, key) as workspace:
        rows = _rows(dataset, options, base, tokenizer, drawer)
        started, cpu = time.perf_counter(), time.process_time()
        model, losses, tokens = _fit(rows, options, base, tokenizer, workspace, progress)
        folder = workspace.fresh_folder("finished")
        _save(model, base, dataset, held_out, folder)
        card = AdapterCard(
            name=options.name,
            base_model=base.name,
            base_fingerprint=base.fingerprint,
            chat_template=tokenizer.digest,
            prompts=options.prompts.digest,
            hyperparameters=options.hyperparameters() | {"with_context": drawer is not None},
            command=options.command,
            data=DataCard(name=dataset.name, fingerprint=dataset.fingerprint, examples=len(dataset.examples)),
            documents=joined(dataset.origins, drawer.documents if drawer else {}),
            sentences=drawer.sentences if drawer else [],
            trained_at=datetime.now(UTC),
            wall_seconds=round(time.perf_counter() - started, 1),
            device=str(next(model.parameters()).device),
            device_seconds=round(time.process_time() - cpu, 1),
            tokens=tokens,
            losses=losses,
        )
        version = registry.add(folder, card)
        workspace.done()
    return version


def _key(
    dataset: DataSet, options: TrainOptions, base: BaseModel, tokenizer: ChatTokenizer, drawer: ContextDrawer | None
) -> str:
    """A short hash over all that decides the weights: only a run with the same one may go on where it ended."""
    decisive = [
        dataset.fingerprint,
        base.fingerprint,
        tokenizer.digest,
        options.prompts.digest,
        options.hyperparameters(),
        drawer.documents if drawer else None,
    ]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]


def _rows(
    dataset: DataSet, options: TrainOptions, base: BaseModel, tokenizer: ChatTokenizer, drawer: ContextDrawer | None
) -> Rows:
    from transformers import AutoConfig

    from crossover.adapters.training.rows import Rows

    limit = base.max_model_len or AutoConfig.from_pretrained(base.path).max_position_embeddings

    def closed(epoch: int, row: int) -> Drawn:
        draw = random.Random(f"{options.seed}/{epoch}/{row}")
        return Drawn(thinned(dataset.examples[row], options.word_dropout, draw))

    draw = drawer.draw if drawer else closed
    return Rows(draw, dataset.examples, options.epochs, tokenizer, options.prompts, limit)


def _fit(
    rows: Rows,
    options: TrainOptions,
    base: BaseModel,
    tokenizer: ChatTokenizer,
    workspace: Workspace,
    progress: Callable[[Progress], None],
) -> tuple[PeftModel, list[float], int]:
    """The trained model, the mean loss of each epoch, and the tokens that went through it."""
    from crossover.adapters.training.trainer import build_trainer

    trainer, watch = build_trainer(rows, options, base, tokenizer, workspace.folder, progress)
    trainer.train(resume_from_checkpoint=workspace.checkpoint())
    return trainer.model, watch.losses(trainer.state.log_history), int(trainer.state.num_input_tokens_seen)


def _save(model: PeftModel, base: BaseModel, dataset: DataSet, held_out: Sequence[Example], folder: Path) -> None:
    # Left to "auto", PEFT would ask the hub whether the vocabulary grew.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base.name  # the path on this machine would make equal adapters differ
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    for extra in folder.iterdir():
        if extra.name not in (CONFIG, WEIGHTS):
            extra.unlink()
    write_kept(folder, dataset.examples, held_out)
