"""Proof that routing pays: `auto` by a policy fitted on some worlds, judged on others, from recorded answers alone.

python -m crossover.eval.bench.router --fit 21 22 23 --judge 31 32 33       seeds that `crossover eval world` was run
with, homes of worlds (see `eval.bench.worlds`), or folders of runs; writes build/prove/NAME.json

Where every judged world was also sampled twice, the oracle that picks a strategy for each question is shown without the
luck that a maximum over strategies collects.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from crossover.eval import scoring
from crossover.eval.attribution.causes import Cause
from crossover.eval.attribution.explain import explain
from crossover.eval.attribution.taught import taught_by
from crossover.eval.bench import record
from crossover.eval.bench.record import told
from crossover.eval.bench.router_strange import other_shares, strange
from crossover.eval.bench.worlds import SAMPLED
from crossover.eval.money.prices import load_prices
from crossover.eval.router.asked import Asked, join, load
from crossover.eval.router.fit import fit
from crossover.eval.router.front import cheapest_as_good, curve
from crossover.eval.router.judge import (
    Outcome,
    by_policy,
    by_rules,
    calibration_error,
    judge,
    sampled_twice,
)
from crossover.eval.statistics import compare
from crossover.eval.world.verdict import answers_of
from crossover.server.routing.choice import View
from crossover.server.routing.features import AGE, Vector
from crossover.server.routing.policy import Policy
from crossover.server.settings import load as load_settings
from crossover.server.strategies import ABSTAIN

_AGELESS: dict[str, Any] = dict.fromkeys(AGE)
_DRAWS = 1000


def without_age(asked: Asked) -> Asked:
    """The same questions, seen without knowledge age."""
    views = [View(view.adapter, replace(view.features, **_AGELESS)) for view in asked.views]
    return replace(asked, views=views)


def figures_of(policy: Policy, ageless: Policy, asked: Asked, stale: Mapping[str, Vector], weight: float) -> Any:
    """Everything that is shown of some judged questions."""
    auto, rules = by_policy(policy, asked, weight), by_rules(asked)
    blind = by_policy(ageless, without_age(asked), weight)
    judged = judge(asked, auto)
    points = curve(policy, asked)
    hybrid = float(asked.scores["hybrid"].mean())
    as_good = cheapest_as_good(points, hybrid)
    return {
        "questions": len(asked),
        "groups": len(set(asked.groups)),
        "auto": asdict(judged.auto),
        "rules": float(rules.scores.mean()),
        "singles": judged.singles,
        "beside": {name: float(scores.mean()) for name, scores in asked.beside.items()},
        "best_single": judged.best_single,
        "against": {name: told(comparison) for name, comparison in judged.against.items()},
        "slice_oracle": judged.slice_oracle,
        "of_slice_oracle": judged.of_slice_oracle,
        "question_oracle": judged.question_oracle,
        "of_gap": judged.of_gap,
        "cost_of_hybrid": judged.cost / judged.costs["hybrid"],
        "as_good_as_hybrid_at": as_good and {"weight": as_good.weight, "cost": as_good.cost / judged.costs["hybrid"]},
        "chosen": judged.shares,
        "by_slice": _by_slice(asked, auto),
        "front": [asdict(point) for point in points],
        "without_age": {
            "score": float(blind.scores.mean()),
            "difference": told(compare(auto.scores, blind.scores, asked.groups)),
        },
        "stale": _stale_shares(asked, (auto, blind), stale),
        "calibration_error": _calibration(policy, asked),
    }


def stale_of(folder: Path) -> dict[str, Vector]:
    """For each arm, 1 where its answer is what the adapter was taught and is no longer true."""
    evaluation = scoring.load([folder])
    causes = explain(evaluation, taught_by(evaluation.adapters, [folder.resolve().parent.parent]))
    return {arm: np.array([float(cause is Cause.STALE) for cause in found]) for arm, found in causes.items()}


def _stale_shares(asked: Asked, found: tuple[Outcome, Outcome], stale: Mapping[str, Vector]) -> dict[str, Any]:
    """The share of stale answers, of all and of those to questions about facts that have changed."""
    changed = np.array(["fresh" in kind for kind in asked.slices])
    auto, blind = (
        np.array([stale[name][n] if name != ABSTAIN else 0.0 for n, name in enumerate(each.chosen)]) for each in found
    )
    shares = {"auto": auto, "without_age": blind, **{name: stale[name] for name in asked.strategies}}
    return {name: float(share.mean()) for name, share in shares.items()} | {
        "changed": {
            "facts": len({group for group, new in zip(asked.groups, changed, strict=True) if new}),
            "questions": int(changed.sum()),
            **{name: float(share[changed].mean()) if changed.any() else 0.0 for name, share in shares.items()},
        }
    }


def _by_slice(asked: Asked, auto: Outcome) -> dict[str, dict[str, float]]:
    slices = np.array(asked.slices)
    return {
        kind: {
            "auto": float(auto.scores[slices == kind].mean()),
            **{name: float(asked.scores[name][slices == kind].mean()) for name in asked.strategies},
        }
        for kind in dict.fromkeys(asked.slices)
    }


def _calibration(policy: Policy, asked: Asked) -> dict[str, dict[str, Any]]:
    """The calibration error of each strategy that is right in 10 to 90 %, with a bootstrap interval over groups."""
    found = {}
    names, index = np.unique(np.array(asked.groups), return_inverse=True)
    members = [np.flatnonzero(index == n) for n in range(len(names))]
    rng = np.random.default_rng(0)
    for name, estimates in policy.estimates(asked.rows).items():
        right = asked.scores[name]
        if 0.1 <= right.mean() <= 0.9:
            draws = []
            for _ in range(_DRAWS):
                drawn = np.concatenate([members[n] for n in rng.integers(len(names), size=len(names))])
                draws.append(calibration_error(estimates[drawn], right[drawn]))
            # Chance adds to every resample what it added to the sample: the basic interval takes both off.
            error = calibration_error(estimates, right)
            low, high = np.quantile(draws, [0.025, 0.975])
            found[name] = {"error": error, "interval": [max(0.0, 2 * error - high), max(0.0, 2 * error - low)]}
    return found


def _show(figures: Mapping[str, Any], console: Console) -> None:
    table = Table(title="exact match in %, worlds that nothing was fitted on")
    columns = ("auto", "rules", "best single", "of slice oracle", "of the gap", "without age", "cost of hybrid")
    for heading in ("", *columns):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row in {**figures["worlds"], "all": figures["all"]}.items():
        low, high = row["auto"]["interval"]["low"], row["auto"]["interval"]["high"]
        best = row["best_single"]
        table.add_row(
            name,
            f"{100 * row['auto']['score']:.1f} ({100 * low:.1f} to {100 * high:.1f})",
            f"{100 * row['rules']:.1f}",
            f"{best} {100 * row['singles'][best]:.1f} (p {row['against'][best]['p_value']:.3f})",
            f"{100 * row['of_slice_oracle']:.0f}",
            f"{100 * row['of_gap']:.0f}",
            f"{100 * row['without_age']['score']:.1f}",
            f"{100 * row['cost_of_hybrid']:.0f}",
        )
    console.print(table)
    whole = figures["all"]
    changed = whole["stale"]["changed"]
    for what, shares in (("of all answers", whole["stale"]), (f"on {changed['facts']} changed facts", changed)):
        told_of = {name: round(100 * shares[name], 1) for name in ("auto", "without_age", "finetune", "hybrid", "rag")}
        console.print(f"stale answers in %, {what}:", told_of)
    errors = {name: round(found["error"], 3) for name, found in whole["calibration_error"].items()}
    console.print("calibration error:", errors)
    console.print("as good as hybrid at, of its cost:", whole["as_good_as_hybrid_at"])
    front = [f"{p['weight']}: {100 * p['score']:.1f} ({100 * p['above']:+.1f})" for p in whole["front"]]
    console.print("score at each cost weight (above the best mixture of that cost):", "; ".join(front))
    for name in ("sampled_twice", "other_shares", "strange"):
        if name in figures:
            console.print(f"{name.replace('_', ' ')}:", figures[name])


def main(arguments: Sequence[str]) -> None:
    """Fits, judges, shows and records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", nargs="+", required=True, help="worlds to fit on")
    parser.add_argument("--judge", nargs="+", required=True, help="other worlds to judge on")
    parser.add_argument("--strange", nargs="+", default=[], help="questions of another kind, to be judged apart")
    parser.add_argument("--name", default="router", help="of the record in build/prove")
    wanted = parser.parse_args(arguments)
    if both := set(wanted.fit) & set(wanted.judge):
        raise ValueError(f"{', '.join(sorted(both))}: fitted on and judged on; give other worlds")
    settings, prices, console = load_settings(), load_prices(), Console(highlight=False)
    weight = settings.router_cost_weight
    with console.status("reading worlds"):
        fitted = join([load(answers_of(name), settings, prices) for name in wanted.fit])
        folders = {name: answers_of(name) for name in wanted.judge}
        judged = {name: load(folder, settings, prices) for name, folder in folders.items()}
        stale = {name: stale_of(folder) for name, folder in folders.items()}
    with console.status("fitting"):
        policy, _ = fit(fitted)
        ageless, _ = fit(without_age(fitted))
    whole = join(list(judged.values()))
    all_stale = {arm: np.concatenate([found[arm] for found in stale.values()]) for arm in whole.strategies}
    figures: dict[str, Any] = {
        "fitted_on": [origin.model_dump() for origin in fitted.origins],
        "estimators": {name: each.kind for name, each in policy.estimators.items()},
        "cost_weight": weight,
        "worlds": {name: figures_of(policy, ageless, each, stale[name], weight) for name, each in judged.items()},
        "all": figures_of(policy, ageless, whole, all_stale, weight),
    }
    sampled = [[Path(name) / "runs" / each for name in wanted.judge] for each in SAMPLED]
    if all(folder.is_dir() for folders in sampled for folder in folders):
        one, two = (join([load(folder, settings, prices) for folder in folders]) for folders in sampled)
        figures["sampled_twice"] = sampled_twice(policy, one, two, weight)
    figures["other_shares"] = other_shares(policy, whole, weight)
    if wanted.strange:
        others = {name: load(answers_of(name), settings, prices) for name in wanted.strange}
        figures["strange"] = {name: strange(policy, asked, weight) for name, asked in others.items()}
    _show(figures, console)
    console.print(str(record.write("prove", wanted.name, figures)))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
