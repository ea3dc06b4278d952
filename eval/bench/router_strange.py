"""`auto` where its policy was not made for the questions: never below always-`rag`, or it goes by the rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from crossover.eval.bench.record import told
from crossover.eval.router.asked import Asked
from crossover.eval.router.judge import by_policy, by_rules, by_stream
from crossover.eval.statistics import compare
from crossover.server.routing.policy import Policy


def strange(policy: Policy, asked: Asked, weight: float) -> dict[str, Any]:
    """`auto` beside always-`rag` where the policy was not made for the questions, and how often it says so.

    `far_out` is the share by which a whole stream is told to be strange, `every_question` what `auto` would score
    without telling that.
    """
    auto = by_stream(policy, asked, weight)
    distances = np.array([policy.distance(vector) for vector in asked.rows])
    return {
        "auto": float(auto.scores.mean()),
        "every_question": float(by_policy(policy, asked, weight).scores.mean()),
        "rules": float(by_rules(asked).scores.mean()),
        "rag": float(asked.scores["rag"].mean()),
        "difference": told(compare(auto.scores, asked.scores["rag"], asked.groups)),
        "unlike": float((distances > policy.distribution.limit).mean()),
        "far_out": float((distances > policy.distribution.common).mean()),
    }


def other_shares(policy: Policy, asked: Asked, weight: float) -> dict[str, dict[str, Any]]:
    """A stream for each kind of question in which every other one is of that kind."""
    slices, rng = np.array(asked.slices), np.random.default_rng(0)
    found = {}
    for kind in dict.fromkeys(asked.slices):
        others = np.flatnonzero(slices != kind)
        chosen = slices == kind
        chosen[rng.choice(others, size=min(len(others), int(chosen.sum())), replace=False)] = True
        found[kind] = strange(policy, asked.part(chosen), weight)
    return found
