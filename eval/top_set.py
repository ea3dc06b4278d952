"""Top sets: in each slice the best arm, and all that it cannot be told apart from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossover.eval.permutation import Scores
from crossover.eval.statistics import Comparison, compare, holm

SAME = 0.05
"""Arms that are at most so far apart are as good as equal to whoever has to choose between them."""


@dataclass(frozen=True, slots=True)
class TopSet:
    """The arm with the best score, and all that are not significantly below it.

    Args:
        members: the best arm first, the others in their order.
        beats: the arms significantly below the best one.
        against: the best arm compared with each other arm, p-values adjusted.
    """

    best: str
    members: tuple[str, ...]
    beats: tuple[str, ...]
    against: Mapping[str, Comparison]

    @property
    def decidable(self) -> bool:
        """Whether there were questions enough for any claim."""
        return all(comparison.decidable for comparison in self.against.values())

    @property
    def behind(self) -> float:
        """How far the members may be below the best one: the most that their 95 % intervals leave open."""
        highest = max((self.against[name].interval.high for name in self.members[1:]), default=0.0)
        return float(min(1.0, max(0.0, highest)))

    @property
    def settled(self) -> bool:
        """Whether it may be chosen from freely: some arm is beaten, and no member is more than SAME below the best."""
        return bool(self.beats) and self.behind <= SAME

    @property
    def p_value(self) -> float:
        """Of the weakest claim made; without a claim, of the one that came nearest."""
        if self.beats:
            return max(self.against[name].p_value for name in self.beats)
        return min((comparison.p_value for comparison in self.against.values()), default=1.0)


def top_sets(slices: Mapping[str, tuple[Mapping[str, Scores], Sequence[str]]]) -> dict[str, TopSet]:
    """The top set of every slice, with Holm's correction over arms x slices.

    The best arm is picked on the same data. That is allowed for: the chance that a slice's truly best arm
    is left out is the chance that one of the others beats it falsely, and so many comparisons are counted.

    Args:
        slices: for each slice the scores of every arm on the same questions, and the questions' groups.
    """
    best = {name: max(scores, key=lambda arm: scores[arm].mean()) for name, (scores, _) in slices.items()}
    pairs = [(name, arm) for name, (scores, _) in slices.items() for arm in scores if arm != best[name]]
    raw = [
        compare(slices[name][0][best[name]], slices[name][0][arm], slices[name][1], comparisons=len(pairs))
        for name, arm in pairs
    ]
    adjusted = dict(zip(pairs, holm(raw), strict=True))
    return {name: _top_set(best[name], name, scores, adjusted) for name, (scores, _) in slices.items()}


def _top_set(
    best: str, name: str, scores: Mapping[str, Scores], adjusted: Mapping[tuple[str, str], Comparison]
) -> TopSet:
    against = {arm: adjusted[name, arm] for arm in scores if arm != best}
    beats = tuple(arm for arm, comparison in against.items() if comparison.words == "better")
    return TopSet(best, (best, *(arm for arm in against if arm not in beats)), beats, against)
