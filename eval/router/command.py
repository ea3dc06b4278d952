"""The command line of `crossover eval fit-router`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crossover.server.settings import Settings

EPILOG = "Example: [b]crossover eval fit-router .crossover/runs/questions-3f9c2a41[/b]"


def fit_router(
    ctx: typer.Context,
    folders: Annotated[list[Path], typer.Argument(help="Folders of runs, or of reports, of all strategies.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Without it HOME/policy.json.")] = None,
    prices: Annotated[Path | None, typer.Option(help="Prices file (TOML); without one, example prices.")] = None,
    feedback: Annotated[
        bool, typer.Option("--feedback/--no-feedback", help="Learn from HOME's rated answers of `auto`, too.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the figures as JSON instead of the table, for scripts.")
    ] = False,
) -> None:
    """Learn from finished runs which strategy to choose for which question; a running server takes it up at once."""
    from rich.console import Console

    from crossover.eval.money.prices import EXAMPLE_PRICES, load_prices
    from crossover.eval.router.learning import learn, table

    settings: Settings = ctx.obj.settings
    path = output or settings.home / "policy.json"
    with Console(stderr=True, highlight=False).status("fitting"):
        policy = learn(folders, settings, load_prices(prices or EXAMPLE_PRICES), with_feedback=feedback)
    path.parent.mkdir(parents=True, exist_ok=True)
    policy.save(path)
    if as_json:
        print(json.dumps(policy.figures, indent=2))
        return
    Console(highlight=False).print(table(policy))
    print(path.resolve())
