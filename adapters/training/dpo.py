"""Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290) by TRL's DPOTrainer and PEFT.

    version = train(read_pairs(path).pair_set, DpoOptions(name="support"), base, registry, parent=adapter)

It raises the better answer of each pair above the worse one, measured against the model it began with: an adapter, or
the base model. The same pairs with the same options give the same digest, and a killed run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from crossover.adapters.base_model import BaseModel
from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.digest import weight_bytes
from crossover.adapters.examples import Example
from crossover.adapters.kept_examples import write_kept
from crossover.adapters.preferences.pair import PairSet
from crossover.adapters.registry import AdapterVersion, Registry, check_name
from crossover.adapters.training.dpo_options import DpoOptions
from crossover.adapters.training.finish import Stopwatch, origin, save_adapter
from crossover.adapters.training.methods import DPO
from crossover.adapters.training.options import Progress
from crossover.adapters.training.parent import check_parent, like
from crossover.adapters.training.start import longest_row
from crossover.adapters.training.workspace import Workspace

if TYPE_CHECKING:
    from peft import PeftModel

    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.training.rows import Row


def train(
    pairs: PairSet,
    options: DpoOptions,
    base: BaseModel,
    registry: Registry,
    *,
    parent: AdapterVersion | None = None,
    held_out: Sequence[Example] = (),
    progress: Callable[[Progress], None] = lambda _: None,
) -> AdapterVersion:
    """A new version of the adapter `options.name`, registered, not promoted.

    Args:
        pairs: all of them are trained on.
        options: see DpoOptions; with a parent the rank is the parent's.
        base: the frozen model below.
        registry: where the version goes; nothing there changes before it is complete.
        parent: the adapter that training goes on from; its examples stay those of the new version, for few-shot
            answers and the gate, and so do its held-out ones where no others are given.
        held_out: labelled examples of the task, kept for the gate.
        progress: called after each step.

    Raises:
        ValueError: a wrong name or option, no pairs, a pair beyond the context, a parent that does not fit.
        RuntimeError: another training of the same is running, or the disk is full.
    """
    from crossover.adapters.chat_template import ChatTokenizer

    check_name(options.name)
    if not pairs.pairs:
        raise ValueError(f"{pairs.name}: no preference pairs to train on")
    tokenizer = ChatTokenizer(base.path, options.template_kwargs)
    if parent:
        options = replace(options, **like(parent))
        check_parent(parent, options, base, tokenizer.digest)
    registry.check_rank(options.rank)
    rows = _rows(pairs, options, base, tokenizer)
    decisive = [
        DPO,
        pairs.fingerprint,
        base.fingerprint,
        tokenizer.digest,
        options.prompts.digest,
        options.hyperparameters(),
        parent.digest if parent else None,
    ]
    with Workspace(registry.folder / options.name, decisive) as workspace:
        watch = Stopwatch()
        model, losses, tokens = _fit(rows, options, base, parent, workspace, progress)
        folder = workspace.fresh_folder("finished")
        save_adapter(model, base, folder)
        learnt = registry.training_examples(parent) if parent else []
        write_kept(folder, learnt, held_out or (registry.held_out_examples(parent) if parent else ()))
        card = AdapterCard(
            **origin(options, base, tokenizer, parent, model),
            **watch.seconds(),
            method=DPO,
            hyperparameters=options.hyperparameters(),
            data=DataCard(name=pairs.name, fingerprint=pairs.fingerprint, examples=len(pairs.pairs)),
            documents=parent.card.documents if parent else {},
            sentences=parent.card.sentences if parent else [],
            stated=parent.card.stated if parent else {},
            tokens=tokens,
            losses=losses,
            disk_bytes=weight_bytes(folder),
        )
        version = registry.add(folder, card)
        workspace.done()
    return version


def _rows(pairs: PairSet, options: DpoOptions, base: BaseModel, tokenizer: ChatTokenizer) -> list[Row]:
    from crossover.adapters.training.dpo_rows import pair_rows

    return pair_rows(pairs.pairs, tokenizer, options.prompts, longest_row(base))


def _fit(
    rows: list[Row],
    options: DpoOptions,
    base: BaseModel,
    parent: AdapterVersion | None,
    workspace: Workspace,
    progress: Callable[[Progress], None],
) -> tuple[PeftModel, list[float], int]:
    """The trained model, the mean loss of each epoch, and the tokens that went through it."""
    from crossover.adapters.training.dpo_trainer import build_trainer, losses_of

    trainer = build_trainer(rows, options, base, parent.path if parent else None, workspace.folder, progress)
    trainer.train(resume_from_checkpoint=workspace.checkpoint())
    return trainer.model, losses_of(trainer), int(trainer.state.num_input_tokens_seen)
