"""From scored answers to pairs; what is not clearly better teaches nothing and is left out, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crossover.adapters.preferences.asked import Asked
from crossover.adapters.preferences.pair import PreferencePair
from crossover.adapters.quality.examined import key

Score = Callable[[str, str], float]
"""From an answer and a right one to 0 … 1."""


@dataclass(slots=True)
class Ranked:
    """What came out of a ranking.

    Attributes:
        left_out: how many questions gave no pair, by the reason.
    """

    pairs: list[PreferencePair] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def distinct(answers: Sequence[str]) -> list[str]:
    """The answers that say something, each once whatever its case and marks at the end."""
    first: dict[str, str] = {}
    for answer in answers:
        if answer.strip():
            first.setdefault(key(answer), answer.strip())
    return list(first.values())


def by_reference(asked: Asked, answers: Sequence[str], score: Score) -> list[float]:
    """How good each answer is: its best score over the references."""
    return [max(score(answer, reference) for reference in asked.references) for answer in answers]


def rank(asked: Asked, answers: Sequence[str], scores: Sequence[float], margin: float, most: int, into: Ranked) -> None:
    """Adds the pairs of one question: the best answer with the worst, the second with the last but one, and so on.

    Args:
        answers: distinct ones.
        scores: how good each is, 0 to 1.
        margin: by how much the better one must be better.
        most: pairs of this question at most.
        into: where pairs and reasons go.
    """
    if len(answers) < 2:
        into.left_out["one answer alone" if answers else "no answer"] += 1
        return
    order = sorted(range(len(answers)), key=lambda n: -scores[n])
    found = list(zip(order, reversed(order), strict=True))[: len(order) // 2][:most]
    clear = [(better, worse) for better, worse in found if scores[better] - scores[worse] >= max(margin, 1e-9)]
    if not clear:
        tie = scores[order[0]] == scores[order[-1]]
        into.left_out["all answers equally good" if tie else "no clear difference"] += 1
    into.pairs += [
        PreferencePair(
            asked.question,
            answers[better],
            answers[worse],
            asked.system,
            asked.history,
            asked.line,
            (round(scores[better], 4), round(scores[worse], 4)),
        )
        for better, worse in clear
    ]
