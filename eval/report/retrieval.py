"""How well the search alone does, overall and slice by slice."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.eval.metrics.ndcg_at_k import ndcg_at_k
from crossover.eval.metrics.recall_at_k import recall_at_k
from crossover.eval.metrics.reciprocal_rank import reciprocal_rank
from crossover.eval.questions import OVERALL, Question
from crossover.eval.report.document import Retrieval
from crossover.eval.scoring import Evaluation


def retrieval(evaluation: Evaluation) -> dict[str, Retrieval]:
    """The figures overall and of each slice that has questions with relevant documents that were searched for."""
    found = {}
    for name in (OVERALL, *evaluation.slices):
        rows = [
            _scores(question, evaluation.retrieved[question.id])
            for question, chosen in zip(evaluation.questions, evaluation.mask(name), strict=True)
            if chosen and question.relevant_documents and question.id in evaluation.retrieved
        ]
        if rows:
            means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
            at_1, at_2, at_5, mrr, ndcg = means
            found[name] = Retrieval(
                recall_at_1=at_1, recall_at_2=at_2, recall_at_5=at_5, mrr=mrr, ndcg_at_5=ndcg, n=len(rows)
            )
    return found


def _scores(question: Question, documents: Sequence[str]) -> list[float]:
    recalls = [recall_at_k(documents, question, k) or 0.0 for k in (1, 2, 5)]
    return [*recalls, reciprocal_rank(documents, question) or 0.0, ndcg_at_k(documents, question, 5) or 0.0]
