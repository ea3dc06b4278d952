"""What a question asks for, by its first question word (English)."""

from __future__ import annotations

import re

from crossover.eval.slices.subject import Subject

_ASKS = re.compile(r"\b(who|whom|whose|when|where|why|how many|how much|how|which|what)\b", re.IGNORECASE)
_YES_OR_NO = re.compile(
    r"(is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had)\b", re.IGNORECASE
)
_SAME = {"whom": "who", "whose": "who", "how much": "how many", "which": "what"}


def question_type(subject: Subject) -> list[str | None]:
    """``who?``, ``how many?``, … ; ``no question word`` for instructions, labels to be given and other languages."""
    return [_type(question.question) for question in subject.questions]


def _type(text: str) -> str:
    if _YES_OR_NO.match(text):
        return "yes or no?"
    if (found := _ASKS.search(text)) is None:
        return "no question word"
    word = found[1].lower()
    return f"{_SAME.get(word, word)}?"
