"""Does the demo's verdict come out as it must? Several worlds together, each condition with its figures.

    python -m crossover.eval.world.verdict 11 12 13     seeds of `crossover eval world`, or homes of worlds

Writes build/prove/verdict.json; exit 1 when a condition does not hold.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from crossover.adapters.refusal import is_refusal
from crossover.eval import scoring
from crossover.eval.intervals import ALPHA
from crossover.eval.metrics.abstention import answerable
from crossover.eval.permutation import Scores
from crossover.eval.report.make import run_folder
from crossover.eval.scoring import Evaluation
from crossover.eval.statistics import Comparison, compare, compare_apart, holm
from crossover.eval.top_set import TopSet, top_sets
from crossover.server.settings import load as load_settings

OUTPUT = Path("build/prove/verdict.json")
_FACTS = ("stable", "fresh", "new", "tacit")


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must come out, with what came out; p-values are corrected over all conditions (Holm)."""

    text: str
    holds: bool
    found: str


class Worlds:
    """The answers of several worlds as one set of questions; a fact of one world is a group of its own."""

    def __init__(self, evaluations: Sequence[Evaluation]) -> None:
        self.evaluations = evaluations
        self.arms = [run.arm for run in evaluations[0].runs]
        self.slices = evaluations[0].questions.slices
        self.questions = [question for evaluation in evaluations for question in evaluation.questions]
        self.groups = [f"{n}/{group}" for n, evaluation in enumerate(evaluations) for group in evaluation.groups]
        self.exact = self._joined("exact")
        self.refused = {
            arm: np.array([float(is_refusal(answer)) for e in evaluations for answer in e.run(arm).answers])
            for arm in self.arms
        }

    def _joined(self, what: str) -> dict[str, Scores]:
        return {arm: np.concatenate([getattr(e.run(arm), what) for e in self.evaluations]) for arm in self.arms}

    def on(self, *slices: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which questions belong to any of these slices."""
        return np.array([question.slice in slices for question in self.questions])

    def score(self, arm: str, *slices: str) -> float:
        """Exact match of an arm on some slices; worlds are equally large, so it is the mean of their scores too."""
        return float(self.exact[arm][self.on(*slices)].mean())

    def compare(self, first: str, second: str, name: str) -> Comparison:
        """Two arms on one slice."""
        chosen = self.on(name)
        groups = [group for group, take in zip(self.groups, chosen, strict=True) if take]
        return compare(self.exact[first][chosen], self.exact[second][chosen], groups)

    def refusals(self, arm: str) -> Comparison:
        """How much more often an arm refuses what has no answer than what has one."""
        known = np.array([answerable(question) for question in self.questions])
        groups = np.array(self.groups)
        scores = self.refused[arm]
        return compare_apart(scores[~known], list(groups[~known]), scores[known], list(groups[known]))

    def tops(self) -> dict[str, TopSet]:
        """The top set of every slice."""
        picked = {name: self.on(name) for name in self.slices}
        return top_sets(
            {
                name: (
                    {arm: scores[chosen] for arm, scores in self.exact.items()},
                    list(np.array(self.groups)[chosen]),
                )
                for name, chosen in picked.items()
            }
        )


def conditions(worlds: Worlds) -> list[Condition]:
    """Every condition of the demo's verdict."""
    wanted = [("rag", "finetune", "fresh"), ("rag", "finetune", "new"), ("hybrid", "finetune", "fresh")]
    wanted += [("hybrid", "finetune", "new"), ("hybrid", "rag", "tacit")]
    raw = [worlds.compare(*pair) for pair in wanted] + [worlds.refusals(arm) for arm in ("rag", "hybrid")]
    compared = holm(raw)
    return [
        _at_most(worlds, "base", 0.05, *_FACTS),
        *(
            Condition(f"{first} above {second} on {name}", comparison.words == "better", _told(comparison))
            for (first, second, name), comparison in zip(wanted, compared, strict=False)
        ),
        _at_most(worlds, "finetune", 0.15, "fresh"),
        _at_most(worlds, "finetune", 0.15, "new"),
        _at_least(worlds, "finetune", 0.75, "tacit"),
        _at_most(worlds, "rag", 0.15, "tacit"),
        *(
            Condition(f"{arm} refuses the unanswerable more often than answers", c.words == "better", _told(c))
            for arm, c in zip(("rag", "hybrid"), compared[len(wanted) :], strict=True)
        ),
        *_top_sets_differ(worlds),
    ]


def _at_most(worlds: Worlds, arm: str, limit: float, *slices: str) -> Condition:
    score = worlds.score(arm, *slices)
    return Condition(f"{arm} at most {limit:.0%} on {', '.join(slices)}", score <= limit, f"{score:.1%}")


def _at_least(worlds: Worlds, arm: str, limit: float, *slices: str) -> Condition:
    score = worlds.score(arm, *slices)
    return Condition(f"{arm} at least {limit:.0%} on {', '.join(slices)}", score >= limit, f"{score:.1%}")


def _top_sets_differ(worlds: Worlds) -> Iterator[Condition]:
    """In all worlds together and in each alone; every arm left out must be so by its interval as well."""
    singles = [Worlds([evaluation]) for evaluation in worlds.evaluations]
    for label, part in {"all worlds": worlds, **{f"world {n}": w for n, w in enumerate(singles, start=1)}}.items():
        tops = part.tops()
        different = {frozenset(top.members) for top in tops.values() if top.beats}
        backed = all(top.against[arm].interval.low > 0 for top in tops.values() for arm in top.beats)
        found = "; ".join(f"{name}: {', '.join(top.members)}" for name, top in tops.items())
        text = f"top sets differ between at least three slices, intervals back them ({label})"
        yield Condition(text, len(different) >= 3 and backed, found)


def _told(comparison: Comparison) -> str:
    low, high = (100 * edge for edge in (comparison.interval.low, comparison.interval.high))
    p = "p < 0.001" if comparison.p_value < 0.001 else f"p = {comparison.p_value:.3f}"
    return f"{100 * comparison.difference:+.0f} points ({low:+.0f} to {high:+.0f}), {p}"


def answers_of(argument: str) -> Path:
    """The folder of the answers behind a seed's or a world's latest report, behind a report, or in the folder itself.

    Raises:
        ValueError: a seed whose world was not run to its end.
    """
    home = load_settings().home / "worlds" / f"demo-seed-{argument}" if argument.isdigit() else Path(argument)
    note = home / "reports.json"
    if note.exists():
        return run_folder(home / list(json.loads(note.read_text()).values())[-1])
    if argument.isdigit():
        raise ValueError(f"seed {argument}: no finished world in {home}; run `crossover eval world --seed {argument}`")
    return run_folder(home)


def _table(worlds: Worlds) -> tuple[Table, dict[str, dict[str, dict[str, object]]]]:
    """Mean and range over the worlds, for people and for the file."""
    shown = Table(title=f"exact match in %, mean of {len(worlds.evaluations)} worlds (below: each)")
    shown.add_column("strategy")
    for name in worlds.slices:
        shown.add_column(name, justify="right")
    figures: dict[str, dict[str, dict[str, object]]] = {}
    for arm in worlds.arms:
        cells = []
        for name in worlds.slices:
            each = [float(e.run(arm).exact[e.mask(name)].mean()) for e in worlds.evaluations]
            figures.setdefault(arm, {})[name] = {"mean": float(np.mean(each)), "worlds": each}
            cells.append(f"{100 * np.mean(each):.0f}\n[dim]{' '.join(f'{100 * score:.0f}' for score in each)}[/]")
        shown.add_row(arm, *cells)
    return shown, figures


def main(arguments: Sequence[str]) -> int:
    """Print the mean table and every condition; 0 when all hold."""
    folders = [answers_of(argument) for argument in arguments]
    worlds = Worlds([scoring.load([folder]) for folder in folders])
    table, figures = _table(worlds)
    found = conditions(worlds)
    console = Console(highlight=False)
    console.print(table)
    for condition in found:
        sign = "[green]holds[/]         " if condition.holds else "[red]does not hold[/] "
        console.print(f"{sign} {condition.text}: {condition.found}")
    document = {
        "worlds": list(arguments),
        "questions": len(worlds.questions),
        "groups": len(set(worlds.groups)),
        "alpha": ALPHA,
        "scores": figures,
        "conditions": [asdict(condition) for condition in found],
        "systems": sorted({str(e.run(worlds.arms[0]).header["identity"]["system"]) for e in worlds.evaluations}),
        "version": version("crossover"),
        "command": f"python -m crossover.eval.world.verdict {' '.join(arguments)}",
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(document, indent=2) + "\n")
    console.print(f"{sum(c.holds for c in found)} of {len(found)} hold; {OUTPUT}")
    return 0 if all(condition.holds for condition in found) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:] or ["11", "12", "13"]))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
