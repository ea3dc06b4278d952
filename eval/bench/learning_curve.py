"""Are predicted crossings where training finds them? Several worlds, each curve against trainings made around it.

    python -m crossover.eval.bench.learning_curve 21 22 23 24 25

For each world a learning curve over wide sizes predicts where `finetune` and `hybrid` overtake `rag` on all questions;
then five sizes around each prediction, trained with other seeds, say where they do. Beside it: what is said on the
slices whose answer is known by construction, `fresh` (finetune never) and `tacit` (rag has nothing to answer from).
Resumes; writes build/prove/learning-curve.json. Hours on two cores: every size is trained twice.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from crossover.eval.bench.record import write
from crossover.eval.learning_curve.command import Options, world_plan
from crossover.eval.learning_curve.driver import learning_curve, train_and_ask
from crossover.eval.learning_curve.measure import measure
from crossover.eval.learning_curve.plan import Plan
from crossover.eval.questions import OVERALL
from crossover.server.settings import load as load_settings

_AROUND = (0.5, 0.7, 1.0, 1.4, 2.0)  # of the prediction
_OTHER_SEEDS = (101, 102)
_PLAIN = (("fresh", "finetune", "never"), ("tacit", "finetune", "already at the smallest"))


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


def main(arguments: Sequence[str]) -> None:
    """Drive every world and print what was predicted, found and said."""
    console, settings = Console(stderr=True, highlight=False), load_settings()
    predicted: list[Predicted] = []
    said: list[dict[str, object]] = []
    for world in map(int, arguments):
        plan = world_plan(world, "demo", None, settings, Options("", 2, "finetune,hybrid"))
        document = learning_curve(plan, settings, console)
        for name, arm, expected in _PLAIN:
            words = document.crossings[name][arm].words
            said.append({"world": world, "slice": name, "arm": arm, "expected": expected, "said": words})
        for arm, fitted in document.crossings[OVERALL].items():
            if fitted.words == "at" and fitted.examples and fitted.examples <= len(plan.examples.examples):
                around = _around(plan, fitted.examples)
                train_and_ask(around, settings, console)
                found = measure(around).crossings[OVERALL][arm].examples
                predicted.append(Predicted(world, arm, fitted.examples, fitted.interval, found))
        rows = [asdict(each) | {"covered": each.covered, "error": each.error} for each in predicted]
        write("prove", "learning-curve", {"worlds": list(arguments), "predicted": rows, "said": said})
    _show(predicted, said)


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
    try:
        main(sys.argv[1:] or ["21", "22", "23", "24", "25"])
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
