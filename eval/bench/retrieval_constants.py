"""Where the constants of retrieval come from: the weight of meaning, and the curve of relevance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crossover.eval.bench.retrieval_sets import Half, RetrievalSet
from crossover.eval.permutation import Scores
from crossover.indexer.document import DocumentRecord
from crossover.indexer.embedding import sparse_query
from crossover.indexer.filters import DocumentFilter
from crossover.indexer.fusion import fuse
from crossover.indexer.index import Index
from crossover.indexer.retriever import CANDIDATES

_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0)
_PASSAGES = 5
_BINS = 10
_EVERY = 3  # questions: what is there and what is not takes two searches each
Row = tuple[bool, Sequence[float], Sequence[bool]]


@dataclass(frozen=True, slots=True)
class WithoutArticle(DocumentFilter):
    """Every document but those of one article."""

    article: str = ""

    def accepts(self, record: DocumentRecord) -> bool:
        return record.metadata.get("article") != self.article


def dense_weights(index: Index, one: RetrievalSet) -> dict[str, Any]:
    """Recall at 5 and MRR at 10 on the choosing half, by the weight of a cosine."""
    version = index.version
    snapshot = version.manifest.snapshot
    ranks: dict[float, list[float]] = {weight: [] for weight in _WEIGHTS}
    for asked in one.questions:
        if asked.half != "choosing":
            continue
        trace = index.explain(asked.text, 1)
        sparse = sparse_query(asked.text, snapshot.languages, trace.language)
        hits = version.store.query(index.embed_queries([asked.text])[0], sparse, CANDIDATES, ())
        for weight, found in ranks.items():
            fused = fuse(*hits, snapshot, replace(trace.weights, dense=weight))[:10]
            places = [rank for rank, each in enumerate(fused, start=1) if each.passage.document == asked.document]
            found.append(float(places[0]) if places else np.inf)
    return {
        str(weight): {"recall@5": float(np.mean(np.array(found) <= 5)), "mrr@10": float(np.mean(1 / np.array(found)))}
        for weight, found in ranks.items()
    }


def relevance_rows(index: Index, one: RetrievalSet, half: Half) -> list[Row]:
    """Each question with its article in the corpus and without: (in it?, relevances of the passages, right ones?)."""
    rows: list[Row] = []
    for asked in [each for each in one.questions if each.half == half][::_EVERY]:
        for only in (None, WithoutArticle(article=asked.article)):
            passages = index.search(asked.text, _PASSAGES, only)
            likely = [passage.relevance or 0.0 for passage in passages]
            rows.append((only is None, likely, [passage.document == asked.document for passage in passages]))
    return rows


def told_apart(rows: Sequence[Row]) -> dict[str, float]:
    """The expected calibration error in equal bins, and how well relevance tells passages and questions apart."""
    likely = np.array([value for _, values, _ in rows for value in values])
    right = np.array([value for _, _, values in rows for value in values], dtype=float)
    best = np.array([max(values, default=0.0) for _, values, _ in rows])
    there = np.array([inside for inside, _, _ in rows], dtype=float)
    bins = np.array_split(np.argsort(likely), _BINS)
    error = sum(abs(likely[each].mean() - right[each].mean()) * len(each) for each in bins) / len(likely)
    return {"calibration_error": float(error), "passage": _auroc(likely, right), "nothing": _auroc(best, there)}


def _auroc(scores: Scores, labels: Scores) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))
