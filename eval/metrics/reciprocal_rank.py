"""Reciprocal rank: how far down is the first document that holds the answer? Its mean over questions is the MRR."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.eval.questions import Question


def reciprocal_rank(retrieved: Sequence[str], question: Question) -> float | None:
    """One over the rank of the first relevant passage, 0.0 when there is none; None when no document is relevant.

    Args:
        retrieved: document ids of the passages, the best first.
    """
    if not question.relevant_documents:
        return None
    ranks = (rank for rank, document in enumerate(retrieved, start=1) if document in question.relevant_documents)
    return 1 / first if (first := next(ranks, None)) else 0.0
