"""What the commands of this package show on a terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column, Table

from crossover.adapters.card import FULL
from crossover.adapters.training.losses import PLOT_FILE
from crossover.adapters.training.workspace import ABANDONED_DAYS
from crossover.adapters.whole_model import serving_command

if TYPE_CHECKING:
    from crossover.adapters.base_model import BaseModel
    from crossover.adapters.card import ValidationCard
    from crossover.adapters.registry import AdapterVersion, Registry
    from crossover.adapters.training.options import Progress as Trained

_SECONDS_BETWEEN_LINES = 15.0


@contextmanager
def training_bar(name: str, *, quiet: bool) -> Iterator[Callable[[Trained], None]]:
    """Shows loss and time left on stderr: a live bar on a terminal, a line now and then elsewhere."""
    console = Console(stderr=True, quiet=quiet)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (TextColumn("train {task.description}"), BarColumn(), TextColumn("{task.fields[status]}"))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(escape(name), total=None, status="loading the model")

        def show(trained: Trained) -> None:
            bar.update(task, total=trained.steps, completed=trained.step, status=_status(trained))

        yield show


def _lines(console: Console) -> Callable[[Trained], None]:
    shown = -math.inf

    def show(trained: Trained) -> None:
        nonlocal shown
        if trained.step == trained.steps or time.monotonic() - shown > _SECONDS_BETWEEN_LINES:
            shown = time.monotonic()
            console.print(f"step {trained.step}/{trained.steps}  {_status(trained)}", highlight=False)

    return show


def _status(trained: Trained) -> str:
    left = trained.seconds_left
    time_left = "" if math.isnan(left) else f"  {int(left) // 60}:{int(left) % 60:02d} left"
    validation = "" if trained.validation is None else f" (validation {trained.validation:.3f})"
    resumed = f"  resumed at step {trained.resumed_at}" if trained.resumed_at else ""
    return f"epoch {trained.epoch:.1f}  loss {trained.loss:.3f}{validation}{time_left}{resumed}"


def tell_removed(folders: Sequence[Path]) -> None:
    """One line on stderr for each working folder of a training that nobody came back to."""
    for folder in folders:
        told = f"removed {folder}: a training that was killed more than {ABANDONED_DAYS} days ago and never resumed"
        Console(stderr=True, soft_wrap=True).print(told, markup=False, highlight=False)


def print_trained(version: AdapterVersion, *, promoted: bool) -> None:
    """What came out of a training, and what to do next."""
    card, console = version.card, Console(soft_wrap=True)
    loss = f", loss {card.losses[-1]:.3f}" if card.losses else ""
    examples = f"{card.data.examples} examples, {card.tokens:,} tokens"
    console.print(f"[bold]{version.served_name}[/]: {examples}, {card.wall_seconds:.0f} s{loss}", highlight=False)
    if card.validation:
        console.print(_chosen_by(card.validation), highlight=False)
    if card.method == FULL:
        console.print(f"a whole model of {card.disk_bytes / 1e6:.1f} MB; to serve it, on a home of its own:")
        console.print(f"[bold]{escape(serving_command(version.path))}[/]", highlight=False)
    elif promoted:
        console.print(f"promoted; ask for [bold]finetune:{version.name}[/] or [bold]hybrid:{version.name}[/]")
    else:
        console.print(f"next: [bold]crossover adapters promote {version.served_name}[/]", highlight=False)


def print_adapters(registry: Registry, base: BaseModel) -> None:
    """A table of all versions, the promoted ones marked, and what trains those of another base model again."""
    console = Console()
    outdated: list[AdapterVersion] = []
    fixed = [Column(header, no_wrap=True) for header in ("", "adapter", "trained")]
    table = Table(*fixed, "examples", "loss", "method", "base model", box=None, header_style="bold")
    for name in registry.names():
        promoted = registry.promoted_digest(name)
        for version in registry.versions(name):
            card = version.card
            other = card.base_fingerprint != base.fingerprint
            outdated += [version] if other else []
            table.add_row(
                "[green]●[/]" if version.digest == promoted else "",
                version.served_name,
                f"{card.trained_at:%Y-%m-%d %H:%M}",
                str(card.data.examples),
                f"{card.losses[-1]:.3f}" if card.losses else "",
                card.trained,
                f"{escape(card.base_model)}{' [red](another)[/]' if other else ''}",
            )
    if table.row_count:
        console.print(table)
        for version in outdated:
            again = version.card.command or "its card names no command"
            told = f"{version.served_name} is of another base model than {base.name}; to train it again: {again}"
            console.print(told, markup=False, soft_wrap=True)
    else:
        console.print("no adapters yet: [bold]crossover train FILE --name NAME[/]")


def print_card(version: AdapterVersion, *, promoted: bool) -> None:
    """The card as a list of fields."""
    card = version.card
    table = Table(box=None, show_header=False)
    table.add_row("adapter", f"{version.served_name}{'  [green]promoted[/]' if promoted else ''}")
    table.add_row("folder", escape(str(version.path)))
    skipped = {
        "name",
        "digest",
        "documents",
        "losses",
        "data",
        "hyperparameters",
        "gate",
        "tasks",
        "replayed",
        "validation",
        "sentences",
        "stated",
    }
    for field, value in card.model_dump(mode="json", exclude=skipped).items():
        if value not in (None, "", []):
            table.add_row(field.replace("_", " "), escape(str(value)))
    table.add_row("data", f"{escape(card.data.name)}, {card.data.examples} examples, {card.data.fingerprint}")
    for task in card.tasks:
        table.add_row("", f"{escape(task.name)}, {task.examples} examples, {task.fingerprint}, weight {task.weight:g}")
    if card.replayed:
        table.add_row("replayed", ", ".join(f"{rows} rows of {what}" for what, rows in card.replayed.items()))
    table.add_row("options", escape(", ".join(f"{key} {value}" for key, value in card.hyperparameters.items())))
    table.add_row("losses", " ".join(f"{loss:.3f}" for loss in card.losses))
    if card.validation:
        table.add_row("validation", " ".join(f"{loss:.3f}" for _, loss in card.validation.losses))
        table.add_row("", _chosen_by(card.validation))
    if (version.path / PLOT_FILE).is_file():
        table.add_row("loss plot", f"{PLOT_FILE} in that folder")
    chunks = sum(len(hashes) for hashes in card.documents.values())
    if card.gate:
        forced = ", promoted by force" if card.gate.get("forced") else ""
        table.add_row("gate", escape(" ".join([f"{card.gate['outcome']}{forced}.", *card.gate["sentences"]])))
    table.add_row("documents", f"{len(card.documents)} with {chunks} chunks" if card.documents else "none seen")
    console = Console(soft_wrap=True)
    console.print(table)
    if card.method == FULL:
        console.print(f"to serve it, on a home of its own: {serving_command(version.path)}", markup=False)


def _chosen_by(validation: ValidationCard) -> str:
    """Which weights these are, in words."""
    best = min(loss for _, loss in validation.losses)
    stopped = "" if validation.stopped_epoch is None else f"; stopped at epoch {validation.stopped_epoch:g}"
    return (
        f"weights of epoch {validation.best_epoch:g}, the best of {len(validation.losses)} looks at "
        f"{validation.examples} held-out examples (loss {best:.3f}){stopped}"
    )
