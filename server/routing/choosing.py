"""What a policy makes of a question: every way to answer it with its estimate, and the one to take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossover.server.routing.deciding import Option, decide
from crossover.server.routing.features import Features, Vector
from crossover.server.routing.policy import Policy
from crossover.server.strategies import ABSTAIN, STRATEGIES

_NOTHING = "No strategy of the policy has anything to answer with, so the rules decide"
_UNLIKE = "The question is unlike those that the policy was fitted on, so the rules decide"


@dataclass(frozen=True, slots=True)
class View:
    """A question beside one adapter, by its name, or beside none."""

    adapter: str | None
    features: Features


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a policy says of a question.

    Attributes:
        options: every way to answer that there is material for; empty where the policy has nothing to say.
        taken: the best of them; None without options.
        reason: one sentence; without options, its beginning: why the policy has nothing to say.
        vector: the features that it looked at; None where it was fitted with none of the adapters.
    """

    options: list[Option]
    taken: Option | None
    reason: str
    vector: Vector | None = None


def choose(policy: Policy, views: Sequence[View], weight: float, abstain_below: float = 0.0) -> Chosen:
    """The option to take.

    Args:
        views: of the adapters that may answer; at least one.
        weight: the price of cost.
        abstain_below: the least chance to be right.
    """
    known = [view for view in views if view.adapter is None or view.adapter in policy.adapters]
    if not known:
        names = ", ".join(view.adapter for view in views if view.adapter)
        return Chosen([], None, f"The policy was not fitted with {names}, so the rules decide")
    # Strategies without an adapter are judged beside the one that was taught what is most like the question.
    nearest = max(known, key=lambda view: view.features.similarity or 0.0)
    vector = nearest.features.vector()
    if policy.unlike(vector):
        return Chosen([], None, _UNLIKE, vector)
    options = list(_options(policy, known, nearest))
    if all(option.strategy == ABSTAIN for option in options):
        return Chosen([], None, _NOTHING, vector)
    taken, reason = decide(options, weight, abstain_below)
    return Chosen(options, taken, reason, vector)


def _options(policy: Policy, views: Sequence[View], nearest: View) -> list[Option]:
    options = []
    for view in views:
        for name, chance in policy.estimates(view.features.vector()[None]).items():
            uses_adapter = name != ABSTAIN and STRATEGIES[name].adapter
            if (uses_adapter or view is nearest) and _possible(name, view.features):
                adapter = view.adapter if uses_adapter else None
                options.append(Option(name, adapter, float(chance[0]), policy.costs[name]))
    return options


def _possible(name: str, features: Features) -> bool:
    """Whether there is what the strategy answers with."""
    if name == ABSTAIN:
        return True
    strategy = STRATEGIES[name]
    if strategy.adapter and not features.adapter:
        return False
    if strategy.passages and not features.passages:
        return False
    return name != "few-shot" or features.similarity is not None
