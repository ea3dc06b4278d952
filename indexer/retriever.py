"""Questions in, passages out: one search by meaning, one by words, fused by rank.

Reciprocal rank fusion, sum of weight / (k + rank). Its constants decide more than the engine does:
on XQuAD, k = 60 with equal weights lost a third of the recall that words alone reach in Russian and
Chinese, because an English embedding model's guesses counted as much as the words.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from crossover.indexer.document import Passage, passage_title
from crossover.indexer.embedding import PACKAGED, Embedder, sparse_query
from crossover.indexer.language import FALLBACK, detect
from crossover.indexer.manifest import Manifest, Snapshot
from crossover.indexer.vector_store import Hit, VectorStore

RRF_K = 10
CANDIDATES = 50  # of each search; more change nothing in the first ten
_ATTEMPTS = 20  # a search that overlapped a commit is made again


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each search counts."""

    dense: float
    sparse: float


_ANY_MODEL = Weights(1.0, 2.0)
# The packaged model was trained on English. What its vectors alone recall at 5 on XQuAD: English 0.98, Spanish 0.69,
# Chinese 0.30, Russian 0.17. With these weights both together recall 0.994, 0.989, 0.985 and 0.969.
_ALIEN = Weights(0.1, 2.0)
_RELATED = Weights(0.5, 2.0)
_PACKAGED_MODEL = {"en": _ANY_MODEL, **dict.fromkeys(("de", "es", "fr", "it", "nl", "pt", "sv"), _RELATED)}


def weights_for(model: str, language: str) -> Weights:
    """The weights of the two searches for questions in a language under an embedding model."""
    if model != PACKAGED:
        return _ANY_MODEL
    return _PACKAGED_MODEL.get(language, _ALIEN)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage and how it got its score; a rank (from 1) is None where that search did not find it."""

    passage: Passage
    dense_rank: int | None
    sparse_rank: int | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What a search found, and how.

    Attributes:
        language: of the question, as far as it matters: one of the documents' languages.
        candidates: best first.
        embed_ms: milliseconds for the vectors of the question.
        search_ms: milliseconds for the rest.
    """

    query: str
    language: str
    weights: Weights
    candidates: tuple[Candidate, ...]
    embed_ms: float
    search_ms: float


class Retriever:
    """Searches one store; safe to call from many threads, also while documents are being indexed."""

    def __init__(self, manifest: Manifest, store: VectorStore, embedder: Embedder, refresh: Callable[[], None]) -> None:
        self._manifest = manifest
        self._store = store
        self._embedder = embedder
        self._refresh = refresh  # looks whether another process has changed the manifest

    def search(self, query: str, k: int) -> Trace:
        """The `k` best passages, no text twice, each document in one whole revision.

        Raises:
            ValueError: the query is empty, or k is not positive.
            EmbeddingMismatch: the index was built with another embedding model.
            StoreError: the store failed.
        """
        if not query.strip():
            raise ValueError("query: the question is empty; ask something")
        if k < 1:
            raise ValueError(f"k: {k} passages were asked for; ask for one or more")
        self._refresh()
        snapshot = self._manifest.snapshot
        snapshot.require_model(self._embedder.name)
        languages = snapshot.languages
        language = detect(query, among=languages) if languages else FALLBACK
        weights = weights_for(self._embedder.name, language)
        if not snapshot.documents:
            return Trace(query, language, weights, (), 0.0, 0.0)
        started = time.perf_counter()
        dense = self._embedder.query(query)
        sparse = sparse_query(query, languages, language)
        embedded = time.perf_counter()
        for _ in range(_ATTEMPTS):
            snapshot = self._manifest.snapshot
            by_meaning, by_words = self._store.query(dense, sparse, max(CANDIDATES, 4 * k), snapshot.hidden)
            self._refresh()
            if self._manifest.snapshot is snapshot:
                break
        candidates = fuse(by_meaning, by_words, snapshot, weights)[:k]
        searched = time.perf_counter()
        return Trace(
            query, language, weights, tuple(candidates), (embedded - started) * 1e3, (searched - embedded) * 1e3
        )


def fuse(by_meaning: list[Hit], by_words: list[Hit], snapshot: Snapshot, weights: Weights) -> list[Candidate]:
    """Both searches in one ranking, best first; chunks that the manifest does not know, and repeated texts, left out.

    Scores are divided by the best possible one, so that 1 means first by both.
    """
    best = (weights.dense + weights.sparse) / (RRF_K + 1)
    hits: dict[str, Hit] = {}
    scores: dict[str, float] = {}
    dense: dict[str, tuple[int, float]] = {}
    sparse: dict[str, tuple[int, float]] = {}
    for found, places, weight in ((by_meaning, dense, weights.dense), (by_words, sparse, weights.sparse)):
        live = [hit for hit in found if _is_live(hit, snapshot)]
        for rank, hit in enumerate(live, start=1):
            hits[hit.chunk.id] = hit
            places[hit.chunk.id] = (rank, hit.score)
            scores[hit.chunk.id] = scores.get(hit.chunk.id, 0.0) + weight / (RRF_K + rank) / best
    fused: list[Candidate] = []
    seen: set[str] = set()
    for chunk in sorted(scores, key=lambda each: (-scores[each], each)):
        hit = hits[chunk]
        if hit.chunk.content_hash in seen:
            continue
        seen.add(hit.chunk.content_hash)
        dense_rank, dense_score = dense.get(chunk, (None, None))
        sparse_rank, sparse_score = sparse.get(chunk, (None, None))
        passage = _passage(hit, snapshot, scores[chunk], dense_score, sparse_score)
        fused.append(Candidate(passage, dense_rank, sparse_rank))
    return fused


def _is_live(hit: Hit, snapshot: Snapshot) -> bool:
    record = snapshot.documents.get(hit.chunk.document)
    return record is not None and record.revision == hit.revision


def _passage(hit: Hit, snapshot: Snapshot, score: float, dense: float | None, sparse: float | None) -> Passage:
    record = snapshot.documents[hit.chunk.document]
    return Passage(
        document=record.id,
        chunk=hit.chunk.id,
        title=passage_title(record.title, hit.chunk.heading),
        text=hit.chunk.text,
        score=score,
        source=record.source,
        heading=hit.chunk.heading,
        content_hash=hit.chunk.content_hash,
        dense=dense,
        sparse=sparse,
        page=hit.chunk.page,
        link=record.metadata.get("link") or record.source,
    )
