"""Does a cascade pay? Answer, check, escalate: beside the one-shot router, from recorded answers alone.

python -m crossover.eval.bench.cascade --fit 21 22 23 --judge 31 32 33      seeds that `crossover eval world` was run
with, or folders of runs; writes build/prove/cascade.json

The cascade takes the router's choice, sees its answer and checks it: do the passages hold it, is it a refusal, how long
is it? An estimator fitted on the same worlds turns that, with the router's own features, into the chance that this
answer is right; the next best strategy is asked when its chance minus its price is higher. Both answers are paid for.
What a check sees of passages is what `rag` was shown; how sure the model was of its words is not in run files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from crossover.eval import scoring
from crossover.eval.bench import record
from crossover.eval.bench.record import told
from crossover.eval.metrics.abstention import is_refusal
from crossover.eval.money.prices import Prices, load_prices
from crossover.eval.router.asked import Asked, join, load
from crossover.eval.router.fit import fit, fit_best, folds_of, scale_of
from crossover.eval.router.front import WEIGHTS, best_mixture
from crossover.eval.run_log import sources_of
from crossover.eval.statistics import compare
from crossover.eval.world.verdict import answers_of
from crossover.server.routing.columns import Columns, Matrix, Scale
from crossover.server.routing.estimators import Estimator, chances
from crossover.server.routing.features import Vector
from crossover.server.routing.policy import Policy
from crossover.server.routing.words import share, words_of
from crossover.server.settings import Settings
from crossover.server.settings import load as load_settings


@dataclass(frozen=True, slots=True)
class Checked:
    """Asked questions with what a check sees of each answer: shape (questions, checks) by strategy."""

    asked: Asked
    checks: dict[str, Matrix]


@dataclass(frozen=True, slots=True)
class Check:
    """The chance that an answer of one strategy is right, once it is seen."""

    scale: Scale
    estimator: Estimator
    points: Matrix

    def right(self, rows: Matrix) -> Vector:
        """Shape (n, features + checks) to (n,)."""
        return chances(self.estimator, Columns(self.scale.columns(rows), self.points))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a way to answer comes to: score and price of each question, and how often a second answer was asked."""

    scores: Vector
    prices: Vector
    escalated: float


def read(folder: Path, settings: Settings, prices: Prices) -> Checked:
    """The questions of a folder, and what a check sees of each answer."""
    asked, evaluation = load(folder, settings, prices), scoring.load([folder])
    runs = {run.arm: run for run in evaluation.runs}
    passages = [[str(source["text"]) for source in sources_of(row)] for row in runs["rag"].rows]
    return Checked(
        asked,
        {
            name: np.array([_seen(text, found) for text, found in zip(runs[name].answers, passages, strict=True)])
            for name in asked.strategies
        },
    )


def joined(parts: Sequence[Checked]) -> Checked:
    """Several folders as one."""
    asked = join([part.asked for part in parts])
    return Checked(asked, {name: np.vstack([part.checks[name] for part in parts]) for name in asked.strategies})


def fit_checks(learnt: Checked) -> dict[str, Check]:
    """A check for each strategy, the best candidate by grouped cross-validation as the router's estimators are."""
    folds, found = folds_of(learnt.asked.groups), {}
    for name, checks in learnt.checks.items():
        rows = np.hstack([learnt.asked.rows, checks])
        scale = scale_of(rows)
        columns = scale.columns(rows)
        found[name] = Check(scale, fit_best(columns, learnt.asked.scores[name], folds).estimator, columns)
    return found


def one_shot(policy: Policy, asked: Asked, weight: float) -> Outcome:
    """The router's choice alone."""
    names, values = _values(policy, asked, weight)
    taken = values.argmax(0)
    return Outcome(_of(asked.scores, names, taken), _of(asked.prices, names, taken), 0.0)


def cascade(policy: Policy, checks: Mapping[str, Check], judged: Checked, weight: float) -> Outcome:
    """The router's choice, and the next best where that is worth more than the answer that was seen."""
    asked = judged.asked
    names, values = _values(policy, asked, weight)
    n = np.arange(len(asked))
    first = values.argmax(0)
    others = values.copy()
    others[first, n] = -np.inf
    # What the first answer is worth now that it is there and paid for; abstaining leaves nothing to check.
    seen = np.array(
        [
            checks[name].right(np.hstack([asked.rows, judged.checks[name]])) if name in checks else np.ones(len(asked))
            for name in names
        ]
    )
    second = others.argmax(0)
    again = others.max(0) > seen[first, n]
    scores = np.where(again, _of(asked.scores, names, second), _of(asked.scores, names, first))
    extra = np.where(again, _of(asked.prices, names, second), 0.0)
    return Outcome(scores, _of(asked.prices, names, first) + extra, float(again.mean()))


def _seen(answer: str, passages: Sequence[str]) -> list[float]:
    """How much of an answer stands in the passage that has most of it, whether it refuses, and its length."""
    words = words_of(answer)
    held = [found for text in passages if (found := share(words, words_of(text))) is not None]
    return [max(held, default=float("nan")), float(is_refusal(answer)), float(len(answer.split()))]


def _values(policy: Policy, asked: Asked, weight: float) -> tuple[list[str], Matrix]:
    """Each option's estimate minus its price, shape (options, questions)."""
    estimates = {name: found for name, found in policy.estimates(asked.rows).items() if name in asked.scores}
    costs = policy.costs
    return list(estimates), np.array([found - weight * costs[name] for name, found in estimates.items()])


def _of(by_name: Mapping[str, Vector], names: Sequence[str], taken: np.ndarray[Any, Any]) -> Vector:
    stacked = np.array([by_name[name] for name in names])
    return np.asarray(stacked[taken, np.arange(stacked.shape[1])])


def main(arguments: Sequence[str]) -> None:
    """Fits, judges both at each weight on cost, shows and records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", nargs="+", required=True, help="worlds to fit on")
    parser.add_argument("--judge", nargs="+", required=True, help="other worlds to judge on")
    wanted = parser.parse_args(arguments)
    if both := set(wanted.fit) & set(wanted.judge):
        raise ValueError(f"{', '.join(sorted(both))}: fitted on and judged on; give other worlds")
    settings, prices = load_settings(), load_prices()
    learnt = joined([read(answers_of(name), settings, prices) for name in wanted.fit])
    judged = joined([read(answers_of(name), settings, prices) for name in wanted.judge])
    policy, checks = fit(learnt.asked)[0], fit_checks(learnt)
    rows: list[dict[str, Any]] = []
    paths = {weight: one_shot(policy, judged.asked, weight) for weight in WEIGHTS}
    front = {str(weight): (float(path.prices.mean()), float(path.scores.mean())) for weight, path in paths.items()}
    for weight, plain in paths.items():
        checked = cascade(policy, checks, judged, weight)
        cost = float(checked.prices.mean())
        rows.append(
            {
                "weight": weight,
                "one_shot": {"score": float(plain.scores.mean()), "cost": float(plain.prices.mean())},
                "cascade": {"score": float(checked.scores.mean()), "cost": cost, "escalated": checked.escalated},
                "difference": told(compare(checked.scores, plain.scores, judged.asked.groups)),
                # The one-shot front at the same price, points between its weights by drawing: above 0 the cascade wins.
                "above_front": float(checked.scores.mean()) - best_mixture(front, cost),
            }
        )
    wins = sum(row["above_front"] > 0 and row["difference"]["words"] == "better" for row in rows)
    figures = {"questions": len(judged.asked), "rows": rows, "weights_at_which_it_wins": wins}
    _show(rows)
    Console(highlight=False).print(str(record.write("prove", "cascade", figures)))


def _show(rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(title="exact match in % and mean price, the router alone and with a check of its answer")
    for heading in ("weight", "alone", "price", "cascade", "price", "asked twice %", "above the front"):
        table.add_column(heading, justify="right")
    for row in rows:
        plain, checked = row["one_shot"], row["cascade"]
        table.add_row(
            str(row["weight"]),
            f"{100 * plain['score']:.1f}",
            f"{plain['cost']:.2e}",
            f"{100 * checked['score']:.1f}",
            f"{checked['cost']:.2e}",
            f"{100 * checked['escalated']:.0f}",
            f"{100 * row['above_front']:+.1f}",
        )
    Console(highlight=False).print(table)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
