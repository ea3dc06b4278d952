"""`crossover train`, `crossover adapters …` and `crossover data …`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import typer

from crossover.adapters.adapter_commands import app as adapters_app
from crossover.adapters.data_commands import app as data_app
from crossover.adapters.train_command import train

if TYPE_CHECKING:
    from crossover.adapters.gate.evaluate import Judge
    from crossover.adapters.settings import AdapterSettings


class CommandContext(Protocol):
    """What the root command hands to these in `ctx.obj`."""

    @property
    def settings(self) -> AdapterSettings:
        """All settings, of which these commands see the adapters'."""

    def live_server(self) -> str | None:
        """The URL of a server that runs on this home."""

    def judge(self) -> Judge | None:
        """Who scores answers and compares scores, handed in from where the metrics live."""

    def retrieve(self) -> AbstractContextManager[Callable[[str, int], Sequence[tuple[str, str, str, str]]]]:
        """Finds passages while it is open: from (question, k) to (title, text, document, content hash)."""


def register(root: typer.Typer) -> None:
    """Add the commands of this package to the root app."""
    root.command(epilog="Example: [b]crossover train examples.jsonl --name support --with-context --promote[/b]")(train)
    root.add_typer(adapters_app, name="adapters")
    root.add_typer(data_app, name="data")
