"""The language that a question is asked in."""

from __future__ import annotations

from crossover.eval.slices.subject import Subject
from crossover.indexer.language import detect


def language(subject: Subject) -> list[str | None]:
    """Its ISO 639-1 code, such as ``en``."""
    return [detect(question.question) for question in subject.questions]
