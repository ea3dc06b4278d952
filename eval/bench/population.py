"""The facts of several worlds as one population, for reports larger than any of the worlds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from crossover.eval.permutation import Scores
from crossover.eval.scoring import Evaluation
from crossover.eval.top_set import TopSet, top_sets

_WORDINGS = 2  # questions about one fact, as a world asks by itself


class Population:
    """What reports of any size draw from.

    Facts are drawn with replacement, so that each is a draw of its own and a report may be as large as it likes; what a
    report should find is the mean over all facts.
    """

    def __init__(self, censuses: Iterable[Evaluation]) -> None:
        self._facts: dict[str, list[dict[str, Scores]]] = {}
        for census in censuses:
            groups = np.array(census.groups)
            for name in census.slices:
                mask = census.mask(name)
                for group in dict.fromkeys(groups[mask]):
                    asked = mask & (groups == group)
                    fact = {run.arm: run.exact[asked] for run in census.runs}
                    self._facts.setdefault(name, []).append(fact)

    @property
    def truth(self) -> dict[str, dict[str, float]]:
        """By slice and arm the share of right answers, the mean over facts."""
        return {
            name: {arm: float(np.mean([fact[arm].mean() for fact in facts])) for arm in facts[0]}
            for name, facts in self._facts.items()
        }

    def report(self, count: int, rng: np.random.Generator) -> dict[str, TopSet]:
        """The top sets of a report on `count` facts of each slice, asked about twice each where that can be."""
        slices: dict[str, tuple[Mapping[str, Scores], Sequence[str]]] = {}
        for name, facts in self._facts.items():
            drawn = [facts[n] for n in rng.integers(len(facts), size=count)]
            wordings = [_some(len(next(iter(fact.values()))), rng) for fact in drawn]
            scores = {
                arm: np.concatenate([fact[arm][asked] for fact, asked in zip(drawn, wordings, strict=True)])
                for arm in drawn[0]
            }
            slices[name] = scores, [str(n) for n, asked in enumerate(wordings) for _ in asked]
        return top_sets(slices)


def _some(wordings: int, rng: np.random.Generator) -> Sequence[int]:
    return [int(n) for n in rng.choice(wordings, size=min(_WORDINGS, wordings), replace=False)]
