"""Does it pay to check an answer and ask again? The router alone beside a cascade, on recorded answers.

python -m crossover.eval.bench.cascade --fit 21 22 23 --judge 31 32 33      as `eval.bench.router`; writes
build/prove/cascade.json

Both choose by the server's own code (`CROSSOVER_ROUTER_CASCADE`). The cascade pays for both answers where it asks
again; what it wins is held against the front of the router alone at the same price.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from crossover.eval.bench import record
from crossover.eval.bench.record import told
from crossover.eval.money.prices import load_prices
from crossover.eval.router.asked import Asked, join, load
from crossover.eval.router.fit import fit
from crossover.eval.router.front import WEIGHTS, best_mixture
from crossover.eval.router.judge import Outcome, outcome
from crossover.eval.statistics import compare
from crossover.eval.world.verdict import answers_of
from crossover.server.routing import rules
from crossover.server.routing.cascade import second_of
from crossover.server.routing.choice import choose
from crossover.server.routing.policy import Policy
from crossover.server.settings import load as load_settings


def answered(policy: Policy, asked: Asked, weight: float) -> tuple[Outcome, Outcome]:
    """What comes of the router alone, and of its cascade, which pays for both answers where it asks again."""
    first, last, again = [], [], []
    for n, view in enumerate(asked.views):
        choice = choose(policy, [view], weight)
        chosen = choice.taken.strategy if choice.taken else rules.choose(view.features).strategy
        second = second_of(policy, choice, weight)
        first.append(chosen)
        if second is not None and second.is_worth_more(second.right(asked.seen[chosen][n])):
            again.append(asked.added[second.option.strategy][n])
            chosen = second.option.strategy
        last.append(chosen)
    alone, checked = outcome(asked, first), outcome(asked, last)
    return alone, replace(checked, cost=alone.cost + float(np.sum(again)) / len(asked))


def main(arguments: Sequence[str]) -> None:
    """Fits, judges both at each weight on cost, shows and records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", nargs="+", required=True, help="worlds to fit on")
    parser.add_argument("--judge", nargs="+", required=True, help="other worlds to judge on")
    wanted = parser.parse_args(arguments)
    if both := set(wanted.fit) & set(wanted.judge):
        raise ValueError(f"{', '.join(sorted(both))}: fitted on and judged on; give other worlds")
    settings, prices = load_settings(), load_prices()
    policy, _ = fit(join([load(answers_of(name), settings, prices) for name in wanted.fit]))
    judged = join([load(answers_of(name), settings, prices) for name in wanted.judge])
    rows: list[dict[str, Any]] = []
    paths = {weight: answered(policy, judged, weight) for weight in track(WEIGHTS, "cost weights")}
    front = {str(weight): (one.cost, float(one.scores.mean())) for weight, (one, _) in paths.items()}
    for weight, (plain, checked) in paths.items():
        escalated = np.mean([one != other for one, other in zip(plain.chosen, checked.chosen, strict=True)])
        cascade = {"score": float(checked.scores.mean()), "cost": checked.cost, "escalated": float(escalated)}
        rows.append(
            {
                "weight": weight,
                "one_shot": {"score": float(plain.scores.mean()), "cost": plain.cost},
                "cascade": cascade,
                "difference": told(compare(checked.scores, plain.scores, judged.groups)),
                # The one-shot front at the same price, points between its weights by drawing: above 0 the cascade wins.
                "above_front": cascade["score"] - best_mixture(front, cascade["cost"]),
            }
        )
    wins = sum(row["above_front"] > 0 and row["difference"]["words"] == "better" for row in rows)
    figures = {"questions": len(judged), "rows": rows, "weights_at_which_it_wins": wins}
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
