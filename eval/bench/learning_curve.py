"""Are predicted crossings where training finds them? Several worlds, each curve against trainings made around it.

    python -m crossover.eval.bench.learning_curve 21 22 23 24 25
    python -m crossover.eval.bench.learning_curve 21 --strategies hybrid --size demo

For each world a learning curve over wide sizes predicts where a strategy overtakes `rag` on all questions of some
slices; then five sizes around each prediction, trained with other seeds, say where it does. Beside it: what is said on
the slices whose answer is known by construction, `fresh` (finetune never) and `tacit` (rag has nothing to answer from).
Resumes; writes build/prove/learning-curve-STRATEGIES.json. Every size is trained twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from crossover.eval.bench.record import write
from crossover.eval.learning_curve.command import Options, world_plan
from crossover.eval.learning_curve.driver import learning_curve, train_and_ask
from crossover.eval.learning_curve.measure import measure
from crossover.eval.learning_curve.plan import Plan
from crossover.eval.questions import OVERALL, QuestionSet
from crossover.server.settings import Settings
from crossover.server.settings import load as load_settings

_AROUND = (0.5, 0.7, 1.0, 1.4, 2.0)  # of the prediction
_OTHER_SEEDS = (101, 102)
_PLAIN = (("fresh", "finetune", "never"), ("tacit", "finetune", "already at the smallest"))
_SLICES = ("stable", "fresh", "tacit", "format", "unanswerable")  # overall, training wins once it knows enough facts


@dataclass(frozen=True, slots=True)
class Predicted:
    """One arm's predicted crossing in one world beside the one found; `found` None: not within what was trained."""

    world: int
    arm: str
    predicted: int
    interval: tuple[int | None, int | None]
    found: int | None

    @property
    def covered(self) -> bool:
        """Whether the 80 % interval holds what was found."""
        low, high = self.interval
        return self.found is not None and low is not None and low <= self.found <= (high or np.inf)

    @property
    def error(self) -> float | None:
        """Of the prediction, as a share of what was found."""
        return abs(self.predicted - self.found) / self.found if self.found else None


def main(
    worlds: Annotated[list[int] | None, typer.Argument(help="Their seeds.")] = None,
    size: Annotated[str, typer.Option(help="Of each world.")] = "small",
    strategies: Annotated[
        str, typer.Option(help="finetune, hybrid or both; hybrid is trained with passages.")
    ] = "finetune",
    slices: Annotated[list[str] | None, typer.Option(help="What is asked. Repeatable.")] = None,
    root: Annotated[Path, typer.Option(help="Where trainings and answers are kept.")] = Path("build/prove/curves"),
) -> None:
    """Drive every world and print what was predicted, found and said.

    Example: python -m crossover.eval.bench.learning_curve 21 22 23 24 25
    """
    console, settings = Console(stderr=True, highlight=False), load_settings()
    chosen = Options("", 2, strategies, with_context="hybrid" in strategies)
    predicted: list[Predicted] = []
    said: list[dict[str, object]] = []
    for world in worlds or range(21, 26):
        plan = _plan(world, size, slices or _SLICES, root, settings, chosen)
        document = learning_curve(plan, settings, console)
        for name, arm, expected in _PLAIN:
            if arm in document.crossings.get(name, {}):
                words = document.crossings[name][arm].words
                said.append({"world": world, "slice": name, "arm": arm, "expected": expected, "said": words})
        for arm, fitted in document.crossings[OVERALL].items():
            if fitted.words == "at" and fitted.examples and fitted.examples <= len(plan.examples.examples):
                around = _around(plan, fitted.examples)
                train_and_ask(around, settings, console)
                found = measure(around).crossings[OVERALL][arm].examples
                predicted.append(Predicted(world, arm, fitted.examples, fitted.interval, found))
        rows = [asdict(each) | {"covered": each.covered, "error": each.error} for each in predicted]
        name = f"learning-curve-{strategies.replace(',', '-')}"
        write("prove", name, {"size": size, "slices": slices or _SLICES, "predicted": rows, "said": said})
    _show(predicted, said)


def _plan(world: int, size: str, slices: Sequence[str], root: Path, settings: Settings, options: Options) -> Plan:
    folder = root.resolve() / f"{size}-{world}-{'-'.join(options.arms)}"
    plan = world_plan(world, size, folder, settings, options)
    asked = tuple(question for question in plan.questions.questions if question.slice in slices)
    return replace(plan, questions=QuestionSet(plan.questions.name, asked))


def _around(plan: Plan, prediction: int) -> Plan:
    """The same folder with sizes around a prediction, as far as there are examples, and other seeds."""
    most = len(plan.examples.examples)
    sizes = sorted({min(most, max(2, round(share * prediction))) for share in _AROUND})
    return replace(plan, sizes=sizes, seeds=_OTHER_SEEDS)


def _show(predicted: Sequence[Predicted], said: Sequence[Mapping[str, object]]) -> None:
    shown = Table(title="examples at which an arm overtakes rag: predicted, and found by training around it")
    for column in ("world", "strategy", "predicted", "80 % interval", "found", "covered", "error"):
        shown.add_column(column, justify="right")
    for each in predicted:
        low, high = each.interval
        cells = [each.world, each.arm, each.predicted, f"{low or 'never'} to {high or 'never'}", each.found or "–"]
        shown.add_row(*map(str, cells), "yes" if each.covered else "no", _percent(each.error))
    out = Console(highlight=False)
    out.print(shown)
    if predicted:
        errors = sorted(np.inf if each.error is None else each.error for each in predicted)
        middle = errors[len(errors) // 2]
        covered = sum(each.covered for each in predicted)
        out.print(f"{covered} of {len(predicted)} covered; median error {_percent(middle)}")
    right = sum(row["expected"] == row["said"] for row in said)
    out.print(f"never and already at the smallest: {right} of {len(said)} as constructed")


def _percent(share: float | None) -> str:
    return "–" if share is None or np.isinf(share) else f"{100 * share:.0f} %"


if __name__ == "__main__":
    typer.run(main)
