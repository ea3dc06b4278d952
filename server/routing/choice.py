"""What a fitted policy makes of a question: every way to answer it with its estimate, the one to take, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossover.server.routing.features import Features, Vector
from crossover.server.routing.policy import Policy
from crossover.server.strategies import ABSTAIN, STRATEGIES

TIE = 0.01
"""Values as close as this are equal, and the cheaper option is taken: no estimate is surer than that."""

UNLIKE = "The policy does not know such questions (this one is unlike all that it was fitted on), so the rules decide"
_NOTHING = "No strategy of the policy has anything to answer with, so the rules decide"


@dataclass(frozen=True, slots=True)
class View:
    """A question beside one adapter, by its name, or beside none."""

    adapter: str | None
    features: Features


@dataclass(frozen=True, slots=True)
class Option:
    """One way to answer a question.

    Attributes:
        adapter: the name of the adapter that would answer; None for those without one.
        right: estimated chance that its answer is right.
        cost: of its answer, as a share of the dearest strategy's.
    """

    strategy: str
    adapter: str | None
    right: float
    cost: float

    @property
    def name(self) -> str:
        """As a request would ask for it, such as ``hybrid:support``."""
        return f"{self.strategy}:{self.adapter}" if self.adapter else self.strategy

    def value(self, weight: float) -> float:
        """What it is worth where the dearest answer must be righter by `weight` than a free one."""
        return self.right - weight * self.cost


@dataclass(frozen=True, slots=True)
class Choice:
    """What a policy says of a question.

    Attributes:
        options: every way to answer that there is material for; empty where the policy has nothing to say.
        taken: the best of them; None without options.
        reason: one sentence; without options, its beginning: why the policy has nothing to say.
        vector: the features that it looked at; None where it was fitted with none of the adapters.
        unlike: whether the question is of a kind that it was not fitted on.
        beside_taken: the features beside the adapter that was taken; `vector` where it is none.
    """

    options: list[Option]
    taken: Option | None
    reason: str
    vector: Vector | None = None
    unlike: bool = False
    beside_taken: Vector | None = None


def choose(policy: Policy, views: Sequence[View], weight: float, abstain_below: float = 0.0) -> Choice:
    """The option to take.

    Args:
        views: of the adapters that may answer; at least one.
        weight: the price of cost.
        abstain_below: the least chance to be right.
    """
    known = [view for view in views if view.adapter is None or view.adapter in policy.adapters]
    if not known:
        names = ", ".join(view.adapter for view in views if view.adapter)
        return Choice([], None, f"The policy was not fitted with {names}, so the rules decide")
    rows = np.array([view.features.vector() for view in known])
    # Strategies without an adapter are judged beside the one that was taught what is most like the question.
    nearest = max(range(len(known)), key=lambda n: known[n].features.similarity or 0.0)
    if policy.unlike(rows[nearest]):
        return Choice([], None, UNLIKE, rows[nearest], unlike=True)
    options = [
        Option(name, view.adapter if uses_adapter else None, float(chances[n]), policy.costs[name])
        for name, chances in policy.estimates(rows).items()
        for uses_adapter in [name != ABSTAIN and STRATEGIES[name].adapter]
        for n, view in enumerate(known)
        if (uses_adapter or n == nearest) and _possible(name, view.features)
    ]
    if all(option.strategy == ABSTAIN for option in options):
        return Choice([], None, _NOTHING, rows[nearest])
    taken, reason = decide(options, weight, abstain_below)
    of_taken = nearest
    if taken.adapter is not None:
        of_taken = next(n for n, view in enumerate(known) if view.adapter == taken.adapter)
    return Choice(options, taken, reason, rows[nearest], beside_taken=rows[of_taken])


def decide(options: Sequence[Option], weight: float, abstain_below: float = 0.0) -> tuple[Option, str]:
    """The option of the best value, ties to the cheaper, and the reason in one sentence.

    Args:
        options: at least one.
        weight: the price of cost.
        abstain_below: the least chance to be right; where no strategy reaches it, abstaining is taken if it
            is among the options.
    """
    answers = [option for option in options if option.strategy != ABSTAIN]
    abstaining = next((option for option in options if option.strategy == ABSTAIN), None)
    likeliest = max(answers or options, key=lambda option: option.right)
    if abstaining and likeliest.right < abstain_below:
        return abstaining, _refusal(likeliest, "too little")
    best = max(option.value(weight) for option in options)
    tied = [option for option in options if option.value(weight) >= best - TIE]
    taken = min(tied, key=lambda option: (option.cost, -option.value(weight)))
    return taken, _reason(taken, likeliest, answers)


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


def _reason(taken: Option, likeliest: Option, answers: Sequence[Option]) -> str:
    if taken.strategy == ABSTAIN:
        return _refusal(likeliest, "less than that nothing answers it")
    if taken is likeliest:
        others = [option for option in answers if option is not taken]
        if not others:
            return f"{taken.name} is the only strategy that can answer ({_percent(taken)} likely to be right)."
        second = max(others, key=lambda option: option.right)
        return f"{taken.name} is likeliest to be right ({_percent(taken)}; {second.name} {_percent(second)})."
    return (
        f"{taken.name} is cheaper than {likeliest.name}, and nearly enough as likely to be right "
        f"({_percent(taken)} against {_percent(likeliest)})."
    )


def _refusal(likeliest: Option, why: str) -> str:
    return f"No strategy is likely to be right ({likeliest.name} at best, {_percent(likeliest)}: {why})."


def _percent(option: Option) -> str:
    return f"{100 * option.right:.0f} %"
