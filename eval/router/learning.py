"""`crossover eval fit-router`: from folders of runs to a policy with its cross-validated figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table

from crossover.eval.money.prices import Prices
from crossover.eval.router.asked import Asked, distinct, join, load
from crossover.eval.router.fit import fit, log_loss
from crossover.eval.router.judge import by_estimates, by_rules, calibration_error, judge
from crossover.eval.router.ratings import Ratings, read
from crossover.server.routing.features import Vector
from crossover.server.routing.policy import Policy
from crossover.server.settings import Settings


class NotWorthIt(RuntimeError):
    """The policy would be significantly worse than one strategy for everything; the rules stay."""


def learn(folders: Sequence[Path], settings: Settings, prices: Prices, *, with_feedback: bool = False) -> Policy:
    """The policy of some folders of runs, at the settings' cost weight.

    Args:
        with_feedback: whether rated answers under the settings' home are learnt from, too.

    Raises:
        TooFewQuestions: there is too little to learn from.
        NotWorthIt: by cross-validation, one strategy for everything is better.
        RunsError, RunMismatch: see `asked.load` and `asked.join`.
    """
    asked = join(distinct([load(folder, settings, prices) for folder in folders]))
    adapters = {origin.adapter for origin in asked.origins if origin.adapter}
    ratings = read(settings.home, asked.circumstances, adapters) if with_feedback else Ratings([], {})
    policy, held_out = fit(asked, ratings.rated)
    judged = judge(asked, by_estimates(asked, held_out, settings.router_cost_weight))
    against = judged.against[judged.best_single]
    if against.words == "worse":
        raise NotWorthIt(
            f"cross-validated, the policy scores {judged.auto.score:.3f} and {judged.best_single} alone "
            f"{judged.singles[judged.best_single]:.3f} (p = {against.p_value:.3f}): nothing was written, "
            "`auto` keeps to its rules; more questions may help"
        )
    figures = {
        "questions": len(asked),
        "groups": len(set(asked.groups)),
        "cost_weight": settings.router_cost_weight,
        "prices": prices.label,
        "auto": asdict(judged.auto),
        "rules": _score_by_rules(asked),
        "singles": judged.singles,
        "against_best_single": {"strategy": judged.best_single, **asdict(against)},
        "slice_oracle": judged.slice_oracle,
        "question_oracle": judged.question_oracle,
        "cost_of_dearest": judged.cost / (max(judged.costs.values()) or 1.0),
        "chosen": judged.shares,
        "ratings": {"used": Counter(each.strategy for each in ratings.rated), "left_out": ratings.left_out},
        "estimators": _estimators(policy, asked, held_out),
    }
    return policy.model_copy(update={"figures": figures})


def _score_by_rules(asked: Asked) -> float | None:
    """None where they choose a strategy that was not asked."""
    try:
        return float(by_rules(asked).scores.mean())
    except KeyError:
        return None


def _estimators(policy: Policy, asked: Asked, held_out: Mapping[str, Vector]) -> dict[str, dict[str, Any]]:
    """How good each estimate is on questions whose group it was not fitted on."""
    return {
        name: {
            "kind": policy.estimators[name].kind,
            "rate": float(right.mean()),
            "log_loss": log_loss(held_out[name], right),
            "log_loss_of_rate": log_loss(np.full(len(right), right.mean()), right),
            "calibration_error": calibration_error(held_out[name], right),
        }
        for name, right in asked.scores.items()
    }


def table(policy: Policy) -> Group:
    """The cross-validated figures, for people."""
    figures = policy.figures
    scores = Table(title=f"cross-validated on {figures['questions']} questions about {figures['groups']} facts")
    for heading in ("", "score %", "chosen %"):
        scores.add_column(heading, justify="right" if heading else "left")
    interval = figures["auto"]["interval"]
    told = f"{_percent(figures['auto']['score'])} ({_percent(interval['low'])} to {_percent(interval['high'])})"
    scores.add_row("auto, by this policy", f"[bold]{told}[/]", "")
    scores.add_row("auto, by the rules", _percent(figures["rules"]), "")
    for name in policy.estimators:
        score = figures["singles"].get(name, figures["estimators"][name]["rate"])
        scores.add_row(f"always {name}", _percent(score), _percent(figures["chosen"].get(name, 0.0)))
    scores.add_row("best strategy of each slice", _percent(figures["slice_oracle"]), "")
    scores.add_row("right where any strategy was", _percent(figures["question_oracle"]), "")
    estimators = Table(title="estimates of being right")
    for heading in ("", "kind", "log loss", "of the rate alone", "calibration error"):
        estimators.add_column(heading, justify="right" if heading else "left")
    for name, row in figures["estimators"].items():
        columns = ("log_loss", "log_loss_of_rate", "calibration_error")
        estimators.add_row(name, row["kind"], *(f"{row[column]:.3f}" for column in columns))
    return Group(scores, estimators, *_ratings(figures["ratings"]))


def _ratings(found: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Which ratings were learnt from, and why others were not."""
    told = [f"learnt from {sum(found['used'].values())} rated answers"] if found["used"] else []
    return told + [f"{n} ratings left out: {why}" for why, n in found["left_out"].items()]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"
