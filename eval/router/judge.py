"""How well a policy chooses: its score and cost beside every single strategy and the oracles, on recorded answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crossover.eval.report.oracles import crossed
from crossover.eval.router.asked import Asked
from crossover.eval.statistics import Comparison, Estimate, compare, estimate
from crossover.server.routing import rules
from crossover.server.routing.choice import Option, choose, decide
from crossover.server.routing.drift import Drift
from crossover.server.routing.features import Vector
from crossover.server.routing.policy import Policy

_BINS = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a way to choose comes to on some questions.

    Attributes:
        chosen: the strategy for each question.
        scores: of the chosen strategies' recorded answers, shape (questions,).
        cost: mean price of an answer and the search before the choice, in the currency of the prices.
    """

    chosen: list[str]
    scores: Vector
    cost: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """A policy beside what it must beat.

    Attributes:
        best_single: the strategy with the best score over all questions.
        against: `auto` minus each single strategy.
        slice_oracle: the best single strategy of each slice, known beforehand.
        question_oracle: a right answer wherever any strategy gave one; beyond reach, because chance is in it.
    """

    auto: Estimate
    singles: dict[str, float]
    best_single: str
    against: dict[str, Comparison]
    slice_oracle: float
    question_oracle: float
    cost: float
    costs: dict[str, float]
    shares: dict[str, float]

    @property
    def of_slice_oracle(self) -> float:
        """The score as a share of the slice oracle's."""
        return self.auto.score / self.slice_oracle if self.slice_oracle else 1.0

    @property
    def of_gap(self) -> float:
        """How much of the gap between the best single strategy and the question oracle is closed."""
        gap = self.question_oracle - self.singles[self.best_single]
        return (self.auto.score - self.singles[self.best_single]) / gap if gap > 0 else 1.0


def by_policy(policy: Policy, asked: Asked, weight: float) -> Outcome:
    """What the server would choose: the policy, and the rules where it has nothing to say."""
    chosen = []
    for view in asked.views:
        found = choose(policy, [view], weight)
        chosen.append(found.taken.strategy if found.taken else rules.choose(view.features).strategy)
    return outcome(asked, chosen)


def by_stream(policy: Policy, asked: Asked, weight: float, seed: int = 0) -> Outcome:
    """What the server would choose if the questions came one after the other, in a random order.

    As `by_policy`, and the rules where the latest questions are of another kind than the fitted ones.
    """
    drift, chosen = Drift(policy), [""] * len(asked)
    for n in np.random.default_rng(seed).permutation(len(asked)):
        view = asked.views[n]
        found = choose(policy, [view], weight)
        if found.taken is None or drift.strange:
            chosen[n] = rules.choose(view.features).strategy
        else:
            chosen[n] = found.taken.strategy
        if found.vector is not None:
            drift.add(found.vector)
    return outcome(asked, chosen)


def by_estimates(asked: Asked, estimates: Mapping[str, Vector], weight: float) -> Outcome:
    """The same decision from estimates made elsewhere, such as cross-validated ones."""
    costs = asked.costs
    chosen = [
        decide([Option(name, None, float(estimates[name][n]), costs[name]) for name in estimates], weight)[0].strategy
        for n in range(len(asked))
    ]
    return outcome(asked, chosen)


def by_rules(asked: Asked) -> Outcome:
    """What the documented rules choose."""
    return outcome(asked, [rules.choose(view.features).strategy for view in asked.views])


def outcome(asked: Asked, chosen: Sequence[str]) -> Outcome:
    """What recorded answers make of some choices.

    Raises:
        KeyError: a strategy was chosen that was not asked.
    """
    scores = np.array([asked.scores[name][n] for n, name in enumerate(chosen)])
    added = asked.added
    prices = np.array([added[name][n] for n, name in enumerate(chosen)])
    return Outcome(list(chosen), scores, asked.search + float(prices.mean()))


def judge(asked: Asked, found: Outcome) -> Judgement:
    """An outcome beside every single strategy and the oracles, with cluster-bootstrap intervals over groups."""
    singles = {name: float(asked.scores[name].mean()) for name in asked.strategies}
    slices = np.array(asked.slices)
    by_slice = sum(
        max(float(asked.scores[name][slices == kind].sum()) for name in asked.strategies)
        for kind in dict.fromkeys(asked.slices)
    )
    return Judgement(
        auto=estimate(found.scores, asked.groups),
        singles=singles,
        best_single=max(singles, key=singles.__getitem__),
        against={
            name: compare(found.scores, scores, asked.groups, comparisons=len(singles))
            for name, scores in {**{each: asked.scores[each] for each in singles}, **asked.beside}.items()
        },
        slice_oracle=by_slice / len(asked),
        question_oracle=float(np.max([asked.scores[name] for name in asked.strategies], axis=0).mean()),
        cost=found.cost,
        costs={name: float(asked.prices[name].mean()) for name in asked.strategies},
        shares={name: found.chosen.count(name) / len(asked) for name in dict.fromkeys(sorted(found.chosen))},
    )


def crossed_oracle(first: Asked, second: Asked) -> float:
    """The question oracle without the luck that a maximum over strategies collects: see `oracles.crossed`.

    Args:
        first, second: the same questions, answered twice.
    """
    names = [name for name in first.strategies if name in second.scores]
    one, two = (np.array([asked.scores[name] for name in names]) for asked in (first, second))
    return float(crossed(one, two).mean())


def sampled_twice(policy: Policy, first: Asked, second: Asked, weight: float) -> dict[str, Any]:
    """How much of the way from the best single strategy to the question oracle is gone, with luck in it and without.

    Args:
        first, second: the same questions, answered twice at a temperature above 0.
    """
    singles = {name: float(first.scores[name].mean() + second.scores[name].mean()) / 2 for name in first.strategies}
    best = max(singles, key=singles.__getitem__)
    judged = [judge(asked, by_policy(policy, asked, weight)) for asked in (first, second)]
    auto = sum(each.auto.score for each in judged) / 2
    oracles = {
        "with_luck": sum(each.question_oracle for each in judged) / 2,
        "without": crossed_oracle(first, second),
    }
    return {
        "auto": auto,
        "best_single": best,
        "singles": singles,
        "oracles": oracles,
        "of_gap": {
            name: (auto - singles[best]) / (oracle - singles[best]) if oracle > singles[best] else 1.0
            for name, oracle in oracles.items()
        },
    }


def calibration_error(estimates: Vector, right: Vector) -> float:
    """Expected calibration error over ten bins of equally many questions (Nixon et al. 2019), 0 to 1."""
    bins = np.array_split(np.argsort(estimates, kind="stable"), _BINS)
    return float(sum(abs(estimates[each].sum() - right[each].sum()) for each in bins) / len(estimates))
