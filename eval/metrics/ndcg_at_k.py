"""nDCG@k: are the documents that hold the answer near the top?"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

from crossover.eval.questions import Question


def ndcg_at_k(retrieved: Sequence[str], question: Question, k: int) -> float | None:
    """The discounted gain of the first `k` passages over the best possible one; None when no document is relevant.

    Gains are 0 and 1 (Järvelin & Kekäläinen 2002). A relevant document counts where it comes first: its further
    passages gain nothing, so that the figure stays within 1.

    Args:
        retrieved: document ids of the passages, the best first; a document may occur more than once.
    """
    relevant = set(question.relevant_documents)
    if not relevant:
        return None
    found = {
        document: rank for rank, document in reversed([*enumerate(retrieved[:k], start=1)]) if document in relevant
    }
    return sum(map(_discounted, found.values())) / sum(map(_discounted, range(1, min(k, len(relevant)) + 1)))


def _discounted(rank: int) -> float:
    return 1 / log2(rank + 1)
