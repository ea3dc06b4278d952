"""Whether a question is new: not asked before, nearly or word for word, and not in the evaluation set."""

from __future__ import annotations

from collections.abc import Iterable

from crossover.adapters.quality.examined import key
from crossover.adapters.quality.similarity import NearTexts


class Novelty:
    """What has been asked so far.

    Args:
        known: the questions that were there before.
        held_out: the questions of an evaluation set, which must not be trained on.
    """

    def __init__(self, known: Iterable[str] = (), held_out: Iterable[str] = ()) -> None:
        self._known, self._held_out = _Questions(known), _Questions(held_out)

    def fault(self, question: str) -> str:
        """Why a question is not new; "" for a new one."""
        return self.leak(question) or ("like an earlier question" if self._known.has(question) else "")

    def leak(self, question: str) -> str:
        """That a question stands in the evaluation set; "" where it does not."""
        return "a question of the evaluation set" if self._held_out.has(question) else ""

    def add(self, question: str) -> None:
        """From now on the question is an earlier one."""
        self._known.add(question)


class _Questions:
    def __init__(self, questions: Iterable[str]) -> None:
        self._near = NearTexts()
        self._keys: set[str] = set()
        for question in questions:
            self.add(question)

    def add(self, question: str) -> None:
        self._near.add(question)
        self._keys.add(key(question))

    def has(self, question: str) -> bool:
        return key(question) in self._keys or bool(self._near.near(question))
