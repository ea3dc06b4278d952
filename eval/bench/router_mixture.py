"""`auto` on real questions: one adapter, one index, three kinds of question in one stream.

    python -m crossover.eval.bench.router_mixture --each 300        writes build/prove/router_mixture.json

Banking intents (the adapter knows them), earnings calls and SQuAD (the documents do). All strategies answer all
questions; a policy fitted on one half of the facts or documents chooses for the other, and the other way round, beside
each strategy for everything and the oracles. An arm below 20 % on everything is no signal: the table says so. With
--policies, worlds that a policy is fitted on too, to be used here: another kind of questions altogether. Each kind gets
a report of its own, with reading on gold passages, in the home's folder of reports. Resumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from crossover.eval.bench import mixture_files, public_data, record
from crossover.eval.bench.record import told
from crossover.eval.bench.router_strange import strange
from crossover.eval.commands import run_command, train
from crossover.eval.money.prices import load_prices
from crossover.eval.report.make import make, report_folder
from crossover.eval.report.write import HTML_FILE
from crossover.eval.router.asked import Asked, join, load
from crossover.eval.router.fit import fit
from crossover.eval.router.judge import Outcome, by_policy, by_rules, judge, outcome
from crossover.eval.running import RunRequest, run
from crossover.eval.serving import running_server, tidy_on_sigterm
from crossover.eval.statistics import compare
from crossover.eval.world.verdict import answers_of
from crossover.server.settings import Settings
from crossover.server.settings import load as load_settings

SIGNAL = 0.2
"""What some strategy must reach on a kind of question, for its comparison to say anything."""

_NAME = "banking"


def ask(settings: Settings, data: Path, sizes: tuple[int, int], console: Console) -> dict[str, Path]:
    """For each kind of question the folder of all strategies' answers, made by as few steps as are missing.

    Args:
        sizes: questions of each kind, and training examples.
    """
    made = mixture_files.write(data, settings.home, *sizes)
    run_command(settings.home, "index", str(made.pages), "--prune")
    adapter = train(settings, _NAME, made.examples, 0, with_context=False)
    with running_server(settings.home, console) as url:
        # An adapter for one task may forget others: here the router decides what it answers, and not the gate.
        run_command(settings.home, "adapters", "promote", adapter.served_name, "--force")
        return {
            kind.name: run(RunRequest(kind, settings.home, adapter=_NAME, gold=True), url, console)
            for kind in made.questions
        }


def halves(asked: Asked) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Two halves of the questions, whole facts and documents in one of them, shape (questions,) each."""
    names, index = np.unique(np.asarray(asked.groups), return_inverse=True)
    first = np.random.default_rng(0).permutation(len(names)) % 2 == 0
    return first[index], ~first[index]


def crosswise(asked: Asked, weight: float) -> Outcome:
    """Each half chosen for by a policy that was fitted on the other."""
    chosen = np.empty(len(asked), dtype=object)
    for learnt, judged in (halves(asked), halves(asked)[::-1]):
        policy, _ = fit(asked.part(learnt))
        chosen[judged] = by_policy(policy, asked.part(judged), weight).chosen
    return outcome(asked, list(chosen))


def figures_of(asked: Asked, weight: float) -> dict[str, Any]:
    """`auto`, each strategy and the oracles, in all and by kind."""
    auto, rules = crosswise(asked, weight), by_rules(asked)
    judged, slices = judge(asked, auto), np.array(asked.slices)
    kinds = {}
    for kind in dict.fromkeys(asked.slices):
        on = slices == kind
        singles = {name: float(asked.scores[name][on].mean()) for name in asked.strategies}
        kinds[kind] = {
            "auto": float(auto.scores[on].mean()),
            "rules": float(rules.scores[on].mean()),
            **singles,
            "signal": max(singles.values()) >= SIGNAL,
        }
    best = judged.best_single
    return {
        "questions": len(asked),
        "groups": len(set(asked.groups)),
        "auto": asdict(judged.auto),
        "rules": float(rules.scores.mean()),
        "singles": judged.singles,
        "beside": {name: float(scores.mean()) for name, scores in asked.beside.items()},
        "best_single": best,
        "against": {name: told(comparison) for name, comparison in judged.against.items()},
        "against_rules": told(compare(auto.scores, rules.scores, asked.groups)),
        "never_below_best": judged.against[best].words != "worse",
        "slice_oracle": judged.slice_oracle,
        "question_oracle": judged.question_oracle,
        "chosen": judged.shares,
        "cost_of_dearest": judged.cost / max(judged.costs.values()),
        "kinds": kinds,
    }


def main(
    each: Annotated[int, typer.Option(min=20, help="Questions of each kind.")] = 300,
    examples: Annotated[int, typer.Option(min=77, help="Labelled messages that the adapter learns.")] = 9003,
    policies: Annotated[list[str] | None, typer.Option(help="Seed or folder of a world to fit on. Repeatable.")] = None,
    folder: Annotated[Path, typer.Option("-o", "--output", help="A home of its own.")] = Path("build/router-mixture"),
) -> None:
    """Ask, fit and judge crosswise, show and record.

    Example: python -m crossover.eval.bench.router_mixture --each 300 --policies 21 --policies 22
    """
    settings, prices, console = load_settings(), load_prices(), Console(stderr=True, highlight=False)
    home = settings.model_copy(update={"home": folder.resolve()})
    data = public_data.folder()
    with tidy_on_sigterm():
        folders = ask(home, data, (each, examples), console)
    for answers in folders.values():
        make([answers], report_folder(answers), prices, home)
    asked = join([_of_kind(kind, load(answers, home, prices)) for kind, answers in folders.items()])
    figures = figures_of(asked, settings.router_cost_weight)
    if policies:
        worlds = join([load(answers_of(name), settings, prices) for name in policies])
        # The world's adapter is another one: what the policy learnt of adapters is tried on this one.
        stranger, _ = fit(worlds)
        stranger = stranger.model_copy(update={"adapters": [_NAME]})
        figures["fitted_on_worlds"] = strange(stranger, asked, settings.router_cost_weight)
    show(figures)
    for answers in folders.values():
        print(report_folder(answers) / HTML_FILE)
    print(record.write("prove", "router_mixture", figures))


def _of_kind(kind: str, asked: Asked) -> Asked:
    return replace(asked, slices=[kind] * len(asked))


def show(figures: dict[str, Any]) -> None:
    """The table, and what it does not show."""
    rows: dict[str, dict[str, Any]] = dict(figures["kinds"])
    names = ["auto", "rules", *figures["singles"]]
    table = Table(title=f"exact match in %, {figures['questions']} real questions, each half by a policy of the other")
    for heading in ("", *names):
        table.add_column(heading, justify="right" if heading else "left")
    whole = {"auto": figures["auto"]["score"], "rules": figures["rules"], **figures["singles"]}
    for kind, row in {**rows, "all": whole}.items():
        table.add_row(kind, *(f"{100 * row[name]:.1f}" for name in names))
    console = Console(highlight=False)
    console.print(table)
    weak = _without_signal(rows)
    if weak:
        console.print(f"no signal, not shown: {', '.join(weak)} (no strategy reaches {100 * SIGNAL:.0f} %)")
    best = figures["best_single"]
    found = figures["against"][best]
    low, high = (100 * edge for edge in found["interval"])
    console.print(
        f"auto against {best}: {100 * found['difference']:+.1f} points ({low:+.1f} to {high:+.1f}), {found['words']}\n"
        f"best of each kind {100 * figures['slice_oracle']:.1f}, "
        f"of each question {100 * figures['question_oracle']:.1f}"
    )
    if "fitted_on_worlds" in figures:
        console.print("fitted on made-up worlds:", figures["fitted_on_worlds"])


def _without_signal(kinds: dict[str, dict[str, Any]]) -> Sequence[str]:
    return [kind for kind, row in kinds.items() if not row["signal"]]


if __name__ == "__main__":
    typer.run(main)
