"""How hard it is to find what a question needs."""

from __future__ import annotations

from statistics import median

from crossover.eval.questions import Question
from crossover.eval.slices.subject import Subject


def difficulty(subject: Subject) -> list[str | None]:
    """``found first``, ``found lower down`` or ``not found``, by the rank of the first relevant document.

    Where no question names its documents: ``clear passages`` and ``vague passages``, the halves by retrieval score.
    """
    if any(question.relevant_documents for question in subject.questions):
        return [_rank(question, subject) for question in subject.questions]
    scores = [subject.features.get(question.id, {}).get("score") for question in subject.questions]
    known = [float(score) for score in scores if score is not None]
    if not known or min(known) == max(known):
        return [None] * len(scores)
    middle = median(known)
    return [None if s is None else "clear passages" if s >= middle else "vague passages" for s in scores]


def _rank(question: Question, subject: Subject) -> str | None:
    if not question.relevant_documents or question.id not in subject.retrieved:
        return None
    found = [document in question.relevant_documents for document in subject.retrieved[question.id]]
    if not any(found):
        return "not found"
    return "found first" if found[0] else "found lower down"
