"""Exact match: the headline metric."""

from __future__ import annotations

import re
import unicodedata

from crossover.adapters.refusal import is_refusal
from crossover.eval.metrics.abstention import answerable
from crossover.eval.questions import Question

#: Citations at the end of a text.
CITATIONS = re.compile(r"(?:\s*\[\d+\])+(?=[\s.]*$)")
_SPACE = re.compile(r"\s+")


def normalise(text: str) -> str:
    """The text without citations at its end, in one case and form of Unicode, single spaces and no final full stop."""
    text = unicodedata.normalize("NFC", text)
    return _SPACE.sub(" ", CITATIONS.sub("", text)).strip().rstrip(".").strip().casefold()


def exact_match(answer: str, question: Question) -> float:
    """1.0 when the answer is one of the references; without references, when it says that it doesn't know."""
    if not answerable(question):
        return float(is_refusal(answer))
    given = normalise(answer)
    return float(any(given == normalise(reference) for reference in question.references))
