"""Abstention: who says "I don't know", and is right to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossover.adapters.refusal import is_refusal
from crossover.eval.questions import Question


@dataclass(frozen=True, slots=True)
class Abstention:
    """Refusals of one arm.

    Args:
        precision: of its refusals, the share of questions that have no answer; None without refusals.
        recall: of the questions without an answer, the share it refused; None when there are none.
        false_rate: of the questions with an answer, the share it refused; None when there are none.
    """

    precision: float | None
    recall: float | None
    false_rate: float | None
    refusals: int


def answerable(question: Question) -> bool:
    """Whether the question has an answer: a reference that is more than a refusal."""
    return any(not is_refusal(reference) for reference in question.references)


def abstention(answers: Sequence[str], questions: Sequence[Question]) -> Abstention:
    """Precision and recall of "not known" over all questions, answers in the questions' order."""
    refused = [is_refusal(answer) for answer in answers]
    known = [answerable(question) for question in questions]
    rightly = sum(no and not yes for no, yes in zip(refused, known, strict=True))
    unanswerable = len(questions) - sum(known)
    refusals = sum(refused)
    return Abstention(
        precision=_share(rightly, refusals),
        recall=_share(rightly, unanswerable),
        false_rate=_share(refusals - rightly, sum(known)),
        refusals=refusals,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
