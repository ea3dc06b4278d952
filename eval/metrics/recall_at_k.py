"""Recall@k: does retrieval bring the document that holds the answer?"""

from __future__ import annotations

from collections.abc import Sequence

from crossover.eval.questions import Question


def recall_at_k(retrieved: Sequence[str], question: Question, k: int) -> float | None:
    """The share of the relevant documents among those of the first `k` passages; None when none is relevant.

    Args:
        retrieved: document ids of the passages, the best first; a document may occur more than once.
    """
    if not question.relevant_documents:
        return None
    found = set(retrieved[:k]) & set(question.relevant_documents)
    return len(found) / len(set(question.relevant_documents))
