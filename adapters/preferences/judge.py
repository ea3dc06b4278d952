"""Which of several answers is better, by the word of a model: reinforcement learning from AI feedback's first half.

Every two answers are compared in both orders, for judges favour a place (Zheng et al. 2023, arXiv:2306.05685, section
3.3): only what wins in both has won.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from crossover.adapters.preferences.asked import Asked
from crossover.adapters.preferences.endpoint import Asker

CRITERIA = "right, complete and brief, in the form that the question asks for"

_SYSTEM = (
    "You compare two answers to a question. The better one is {criteria}. "
    "Say A or B, whichever is better, and nothing else; say = if neither is."
)
_VERDICT = re.compile(r"\b([AB])\b|(=)")
_LONGEST = 512  # tokens: some models think aloud first


@dataclass(slots=True)
class Tally:
    """How the judge fared: comparisons of two answers, those decided by the order, those without a verdict."""

    comparisons: int = 0
    swayed: int = 0
    unreadable: int = 0


class AnswerJudge:
    """Scores answers by how many of the others they beat.

    Args:
        asker: the model that judges.
        criteria: what makes an answer better, as the end of "The better one is …".
    """

    def __init__(self, asker: Asker, criteria: str = CRITERIA) -> None:
        self._asker, self._criteria = asker, criteria
        self.tally = Tally()

    async def scores(self, asked: Asked, answers: Sequence[str]) -> list[float]:
        """For each answer the share of the others that it beats, 0 to 1; a tie is half a win."""
        pairs = list(combinations(range(len(answers)), 2))
        won = await asyncio.gather(*(self._compare(asked, answers[one], answers[two]) for one, two in pairs))
        scores = [0.0] * len(answers)
        for (one, two), share in zip(pairs, won, strict=True):
            scores[one] += share
            scores[two] += 1 - share
        return [score / max(1, len(answers) - 1) for score in scores]

    async def _compare(self, asked: Asked, one: str, two: str) -> float:
        """1 where the first answer is better, 0 where the second is, 0.5 where that is not clear."""
        forth, back = await asyncio.gather(self._verdict(asked, one, two), self._verdict(asked, two, one))
        self.tally.comparisons += 1
        if not forth or not back:
            self.tally.unreadable += 1
        elif forth == back != "=":
            self.tally.swayed += 1
        return {("A", "B"): 1.0, ("B", "A"): 0.0}.get((forth, back), 0.5)

    async def _verdict(self, asked: Asked, first: str, second: str) -> str:
        """A, B or =; "" where the judge says none of them."""
        context = "\n".join(f"{turn.role}: {turn.content}" for turn in asked.history)
        right = "\n".join(f"A right answer: {reference}" for reference in asked.references)
        parts = (context, f"Question: {asked.question}", right, f"Answer A: {first}", f"Answer B: {second}")
        messages = [
            {"role": "system", "content": _SYSTEM.format(criteria=self._criteria)},
            {"role": "user", "content": "\n\n".join(filter(None, parts))},
        ]
        (reply,) = await self._asker.answers(messages, 1, temperature=0, max_tokens=_LONGEST)
        said = _VERDICT.findall(reply)
        return "".join(said[-1]) if said else ""
