"""Which option to take, and why in one sentence: the best chance to be right minus its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossover.server.strategies import ABSTAIN

TIE = 0.01
"""Values as close as this are equal, and the cheaper option is taken: no estimate is surer than that."""


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
