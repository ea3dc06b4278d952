"""`crossover adapters advise`: here, because it weighs prices, statistics and curves, and the adapters know none."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crossover.adapters.registry import AdapterVersion, Registry
    from crossover.eval.advice.decide import Advice
    from crossover.eval.advice.evidence import Evidence


def register() -> None:
    """Add the command to `crossover adapters`."""
    from crossover.adapters.adapter_commands import app

    app.command("advise", epilog="Example: [b]crossover adapters advise support --examples all.jsonl[/b]")(advise)


def advise(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME[@DIGEST]", help="An adapter; without it, every promoted one.")
    ] = None,
    examples: Annotated[
        Path | None, typer.Option(metavar="FILE", help="All examples that there are by now, old and new.")
    ] = None,
    canary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Questions to ask the running server, as for [b]eval run[/b].")
    ] = None,
    learning_curve: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A learning-curve.json, or a report that shows one.")
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="Prices file (TOML); without one, example prices.")] = None,
    stale: Annotated[float, typer.Option(min=0, max=1, help="Share of sources changed or gone that counts.")] = 0.2,
    new_examples: Annotated[
        float, typer.Option(min=0, help="New examples that count where no curve tells, as a share of the old.")
    ] = 0.2,
    gain: Annotated[float, typer.Option(min=0, max=1, help="Gain by the learning curve that counts.")] = 0.02,
    max_age: Annotated[float | None, typer.Option(metavar="DAYS", help="Retrain at this age in any case.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")] = False,
) -> None:
    """Tell whether to train again: retrain now, not yet, or RAG is enough, with the arithmetic.

    Looked at: what has changed in the documents since training, examples and corrections that wait, ratings, canary
    questions (beside their first answers, and beside retrieval), age, and what another training costs and promises.

    Exit codes for cron: 0 not yet, 10 retrain now, 11 RAG is enough; of several adapters the most urgent: 10, else 11.
    1 and 2 are errors, as everywhere.
    """
    from rich.console import Console

    from crossover.adapters.adapter_commands import registry_of
    from crossover.adapters.formats.detect import read
    from crossover.eval import question_files
    from crossover.eval.advice.decide import EXIT_CODES, Thresholds, decide
    from crossover.eval.advice.gather import Given, gather, read_curve
    from crossover.eval.money.prices import EXAMPLE_PRICES, load_prices

    settings = ctx.obj.settings
    registry = registry_of(settings)
    given = Given(
        prices=load_prices(prices or EXAMPLE_PRICES),
        examples=read(examples).examples if examples else (),
        canary=question_files.read(canary).questions if canary else None,
        curve=read_curve(learning_curve) if learning_curve else None,
    )
    limits = Thresholds(stale, new_examples, gain, settings.gate_margin, max_age)
    url, console = ctx.obj.live_server(), Console(stderr=True, highlight=False)
    told: list[tuple[Evidence, Advice]] = []
    for version in _versions(registry, name):
        evidence = gather(version, registry, given, settings, url, console)
        told.append((evidence, decide(evidence, limits)))
    if as_json:
        print(json.dumps({"adapters": [_document(*each) for each in told]}, indent=2))
    else:
        for _, advice in told:
            _show(advice)
    codes = {EXIT_CODES[advice.verdict] for _, advice in told}
    raise typer.Exit(next((code for code in sorted(codes - {0})), 0))


def _versions(registry: Registry, name: str | None) -> list[AdapterVersion]:
    """The version named, else the promoted one, else the newest; without a name, all promoted ones."""
    if name is not None:
        alias, _, digest = name.partition("@")
        if digest or registry.promoted_digest(alias):
            return [registry.resolve(name)]
        return [registry.versions(name)[-1]]
    promoted = registry.promoted()
    if not promoted:
        raise LookupError("no adapter is promoted: crossover adapters promote NAME, or say which one is meant")
    return promoted


def _document(evidence: Evidence, advice: Advice) -> dict[str, Any]:
    return {
        "adapter": advice.version,
        "advice": advice.verdict,
        "because": advice.because,
        "evidence": asdict(evidence) | {"cost": asdict(evidence.cost) | {"total": evidence.cost.total}},
        "table": [asdict(line) for line in advice.lines],
    }


def _show(advice: Advice) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("looked at", "found", "counts from", "speaks for", box=None, header_style="bold")
    for line in advice.lines:
        table.add_row(line.what, line.found, line.counts, line.speaks_for)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"\n{advice.version}: [bold]{advice.verdict}[/]\n")
