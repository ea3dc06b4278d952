"""Whether a question has an answer at all."""

from __future__ import annotations

from crossover.eval.metrics.abstention import answerable as has_answer
from crossover.eval.slices.subject import Subject


def answerable(subject: Subject) -> list[str | None]:
    """``answerable`` or ``unanswerable``, by the references."""
    return ["answerable" if has_answer(question) else "unanswerable" for question in subject.questions]
