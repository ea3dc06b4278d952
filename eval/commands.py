"""Commands of Crossover run as a user would run them, and the adapters that they leave behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.serving import start, stop
from crossover.server.settings import Settings

if TYPE_CHECKING:
    from crossover.adapters.examples import DataSet


class StepFailed(RuntimeError):
    """A command of a flow failed; its own message stands above."""


@contextmanager
def step(console: Console, what: str) -> Iterator[None]:
    """Says what begins, and when it is done how long it took."""
    console.print(f"[bold]›[/] {what}")
    started = time.perf_counter()
    yield
    console.print(f"[green]✓[/] {what} [dim]{time.perf_counter() - started:.0f} s[/]")


def run_command(home: Path, *arguments: str) -> None:
    """Run one command on a home; what it prints goes to stderr, stdout is for the result.

    Raises:
        StepFailed: it ended with another exit code than 0.
    """
    process = start(home, *arguments)
    try:
        code = process.wait()
    finally:
        stop(process)
    if code:
        raise StepFailed(f"crossover {' '.join(arguments[:2])} failed with exit code {code}")


def train(settings: Settings, name: str, examples: Path, seed: int, *, with_context: bool) -> AdapterVersion:
    """The adapter of a training file: one that an earlier run made, or a new one.

    Raises:
        StepFailed: training failed.
    """
    version = trained(settings, name, examples, seed, with_context=with_context)
    if version is None:
        context = ["--with-context"] if with_context else []
        run_command(settings.home, "train", str(examples), "--name", name, "--seed", str(seed), *context)
        version = trained(settings, name, examples, seed, with_context=with_context)
    if version is None:
        raise StepFailed("crossover train ended well but registered no adapter of this data set and seed")
    return version


def trained(settings: Settings, name: str, examples: Path, seed: int, *, with_context: bool) -> AdapterVersion | None:
    """The adapter that this training made before, if it still fits data, base model, prompts and defaults."""
    from crossover.adapters.formats.detect import read

    registry = Registry(settings.home)
    if name not in registry.names():
        return None
    data = read(examples)
    usual = usual_settings(settings, data, with_context=with_context)
    for version in reversed(registry.versions(name)):
        card = version.card
        same = (card.data.fingerprint, card.hyperparameters["seed"], card.settings)
        if same == (data.fingerprint, seed, usual):
            return version
    return None


def usual_settings(settings: Settings, data: DataSet, *, with_context: bool) -> dict[str, Any]:
    """What a training on that data has by default, as its card would say."""
    from crossover.adapters.base_model import resolve
    from crossover.adapters.card import AdapterCard, DataCard
    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.training.options import TrainOptions

    base = resolve(settings.base_model)
    passages, variables = settings.passages or base.passages, settings.chat_template_kwargs
    options = TrainOptions(name="", passages=passages, template_kwargs=variables)
    options = (options.for_context() if with_context else options).suited(len(data.examples))
    return AdapterCard(
        name="",
        base_model=base.name,
        base_fingerprint=base.fingerprint,
        chat_template=ChatTokenizer(base.path, variables).digest,
        prompts=settings.prompts.digest,
        method=options.method,
        hyperparameters=options.hyperparameters() | {"with_context": with_context},
        data=DataCard(name=data.name, fingerprint=data.fingerprint, examples=len(data.examples)),
        trained_at=datetime.now(UTC),
    ).settings
