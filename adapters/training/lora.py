"""Training by TRL's SFTTrainer and PEFT: examples in, a registered version out.

    version = train(formats.read(path), TrainOptions(name="support"), base, registry)

The rows are tokenised by the renderer that serving uses, loss falls on the answer and its end token alone, and the
same data with the same options gives the same adapter digest. A run that was killed goes on from its last checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from crossover.adapters.base_model import BaseModel
from crossover.adapters.card import FULL, AdapterCard, DataCard
from crossover.adapters.digest import weight_bytes
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.kept_examples import write_kept
from crossover.adapters.registry import AdapterVersion, Registry, check_name
from crossover.adapters.training.finish import Stopwatch, origin, save_adapter
from crossover.adapters.training.material import Material, context_drawer
from crossover.adapters.training.methods import method_of
from crossover.adapters.training.options import Progress, TrainOptions
from crossover.adapters.training.parent import check_parent
from crossover.adapters.training.sources import OpenIndex, joined
from crossover.adapters.training.start import longest_row
from crossover.adapters.training.tasks import Task
from crossover.adapters.training.validation import divided
from crossover.adapters.training.workspace import Workspace

if TYPE_CHECKING:
    from peft import PeftModel

    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.training.context import ContextDrawer
    from crossover.adapters.training.losses import Losses
    from crossover.adapters.training.rows import Rows


def train(
    dataset: DataSet | Sequence[Task],
    options: TrainOptions,
    base: BaseModel,
    registry: Registry,
    *,
    open_index: OpenIndex | None = None,
    held_out: Sequence[Example] = (),
    parent: AdapterVersion | None = None,
    others: Sequence[Example] = (),
    progress: Callable[[Progress], None] = lambda _: None,
) -> AdapterVersion:
    """A new version of the adapter `options.name`, registered, not promoted.

    Args:
        dataset: all of it is trained on; several tasks by their weights.
        options: see TrainOptions.
        base: the frozen model below.
        registry: where the version goes; nothing there changes before it is complete.
        open_index: opens the passages; given, the adapter is trained with context.
        held_out: examples of the same task that are not trained on: some choose the weights and stop the training
            early, unless the options say otherwise; the others are kept for the gate.
        parent: the version to go on from.
        others: examples of other tasks that replay takes its share from, see replay.kept_examples.
        progress: called after each step.

    Raises:
        ValueError: a wrong name or option, no examples, an example that does not fit the model's context, a parent
            that does not fit.
        RuntimeError: another training of the same is running, the disk is full, or the method cannot be used here.
    """
    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.training.full import save_model

    check_name(options.name)
    if "rank" in options.hyperparameters():
        registry.check_rank(options.rank)
    method_of(options)
    tokenizer = ChatTokenizer(base.path, options.template_kwargs)
    if parent:
        check_parent(parent, options, base, tokenizer.digest)
    tasks = [Task(dataset)] if isinstance(dataset, DataSet) else list(dataset)
    validation, kept = divided(held_out) if options.early_stopping else ((), tuple(held_out))
    with open_index() if open_index else nullcontext() as retrieve:
        material = Material(tasks, options, others, retrieve)
        drawn = context_drawer(validation, options, retrieve) if retrieve and validation else None
    decisive = _decisive(material, options, base, tokenizer, parent, validation)
    with Workspace(registry.folder / options.name, decisive) as workspace:
        rows = _rows(material, options, base, tokenizer)
        rows.check()  # now, and not in the middle of the first epoch
        unseen = _unseen(validation, drawn, options, base, tokenizer) if validation else None
        if unseen:
            _check_held_out(unseen)
        watch = Stopwatch()
        model, losses, tokens = _fit(rows, unseen, parent, options, base, tokenizer, workspace, progress)
        folder = workspace.fresh_folder("finished")
        if options.method == FULL:
            save_model(model, base, folder)
        else:
            save_adapter(model, base, folder, options.strength)
        write_kept(folder, material.data.examples, kept)
        losses.draw(folder)
        drawer, data = material.drawer, material.data
        card = AdapterCard(
            **origin(options, base, tokenizer, parent, model),
            **watch.seconds(),
            method=options.method,
            hyperparameters=options.hyperparameters() | {"with_context": drawer is not None},
            data=DataCard(name=data.name, fingerprint=data.fingerprint, examples=len(data.examples)),
            tasks=[task.card for task in tasks] if len(tasks) > 1 else [],
            replayed=material.replayed,
            documents=joined(data.origins, drawer.documents if drawer else {}, parent.card.documents if parent else {}),
            sentences=sorted({*(drawer.sentences if drawer else ()), *(parent.card.sentences if parent else ())}),
            stated={**(parent.card.stated if parent else {}), **(drawer.stated if drawer else {})},
            tokens=tokens,
            losses=losses.by_epoch(),
            validation=losses.chosen(len(validation)),
            disk_bytes=weight_bytes(folder),
            max_model_len=base.max_model_len if options.method == FULL else None,
            passages=base.passages if options.method == FULL else None,
        )
        version = registry.add(folder, card)
        workspace.done()
    return version


def _decisive(
    material: Material,
    options: TrainOptions,
    base: BaseModel,
    tokenizer: ChatTokenizer,
    parent: AdapterVersion | None,
    validation: Sequence[Example],
) -> list[Any]:
    """All that decides the weights."""
    return [
        material.data.fingerprint,
        base.fingerprint,
        tokenizer.digest,
        options.prompts.digest,
        options.method,
        options.hyperparameters(),
        material.decisive,
        parent.digest if parent else None,
        DataSet("validation", tuple(validation)).fingerprint,
    ]


def _rows(material: Material, options: TrainOptions, base: BaseModel, tokenizer: ChatTokenizer) -> Rows:
    from crossover.adapters.training.rows import Rows

    limit, shown = _context(base, options), material.shown
    return Rows(material.draw, material.examples, options.epochs, tokenizer, options.prompts, limit, shown)


def _unseen(
    validation: Sequence[Example],
    drawer: ContextDrawer | None,
    options: TrainOptions,
    base: BaseModel,
    tokenizer: ChatTokenizer,
) -> Rows:
    """The rows that choose the weights, the same ones whatever is trained."""
    from crossover.adapters.training.context import Drawn
    from crossover.adapters.training.rows import Rows

    draw = drawer.draw if drawer else lambda _, row: Drawn(validation[row])
    return Rows(draw, validation, 1, tokenizer, options.prompts, _context(base, options))


def _check_held_out(unseen: Rows) -> None:
    from crossover.adapters.training.rows import RowTooLong

    try:
        unseen.check()
    except RowTooLong as error:
        raise RowTooLong(f"--held-out: {error}") from None


def _context(base: BaseModel, options: TrainOptions) -> int:
    """The longest row, in tokens."""
    return longest_row(base) - int(options.hyperparameters().get("virtual_tokens", 0))


def _fit(
    rows: Rows,
    unseen: Rows | None,
    parent: AdapterVersion | None,
    options: TrainOptions,
    base: BaseModel,
    tokenizer: ChatTokenizer,
    workspace: Workspace,
    progress: Callable[[Progress], None],
) -> tuple[PeftModel, Losses, int]:
    """The trained model, its losses, and the tokens that went through it."""
    from crossover.adapters.training.trainer import build_trainer, losses_of

    from_weights = parent.path if parent else None
    trainer = build_trainer(
        rows, options, base, tokenizer, workspace.folder, progress, validation=unseen, parent=from_weights
    )
    trainer.train(resume_from_checkpoint=workspace.checkpoint())
    return trainer.model, losses_of(trainer, options.epochs), int(trainer.state.num_input_tokens_seen)
