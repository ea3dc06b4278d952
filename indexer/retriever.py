"""Questions in, passages out: one search by meaning, one by words, fused by score, copies left out."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from crossover.indexer.diversity import Dropped, distinct
from crossover.indexer.document import Passage
from crossover.indexer.embedding import Embedder, count_terms, sparse_query
from crossover.indexer.filters import DocumentFilter
from crossover.indexer.fusion import Candidate, Weights, fuse, word_weight
from crossover.indexer.language import FALLBACK, detect
from crossover.indexer.manifest import Manifest, Snapshot
from crossover.indexer.relevance import relevance
from crossover.indexer.reranker import RERANKED, Reranker
from crossover.indexer.trust import Trust, TrustFile
from crossover.indexer.vector_store import VectorStore

CANDIDATES = 50  # of each search; more change nothing in the first ten
_ATTEMPTS = 20  # a search that overlapped a commit is made again
_REMEMBERED = 2048  # questions whose passages are kept: comparing strategies asks each question several times
_DEEP = 5  # passages that are kept at least: the router looks at so many, a prompt often takes fewer


@dataclass(frozen=True, slots=True)
class Trace:
    """What a search found, and how.

    Attributes:
        language: of the question, as far as it matters: one of the documents' languages.
        candidates: best first.
        dropped: what repeated a better passage.
        looked_at: how many chunks the two searches brought.
        reranker: the model that put them in their last order; None where none did.
        embed_ms: milliseconds for the vectors of the question.
        search_ms: milliseconds for both searches and their fusion.
        rerank_ms: milliseconds for the reranker.
    """

    query: str
    language: str
    weights: Weights
    candidates: tuple[Candidate, ...]
    embed_ms: float = 0.0
    search_ms: float = 0.0
    rerank_ms: float = 0.0
    dropped: tuple[Dropped, ...] = ()
    looked_at: int = 0
    reranker: str | None = None

    @property
    def passages(self) -> list[Passage]:
        """What was found, best first."""
        return [candidate.passage for candidate in self.candidates]


@dataclass(frozen=True, slots=True)
class _Found:
    """The passages of a question, as long as documents and weights are these."""

    snapshot: Snapshot
    trust: Mapping[str, Trust]
    k: int
    passages: list[Passage]

    def holds(self, snapshot: Snapshot, trust: Mapping[str, Trust], k: int) -> bool:
        return self.snapshot is snapshot and self.trust == trust and k <= self.k


class Retriever:
    """Searches one store; safe to call from many threads, also while documents are being indexed."""

    def __init__(
        self,
        manifest: Manifest,
        store: VectorStore,
        embedder: Embedder,
        refresh: Callable[[], None],
        trust: TrustFile,
        reranker: Reranker | None = None,
    ) -> None:
        self._manifest = manifest
        self._store = store
        self._embedder = embedder
        self._refresh = refresh  # looks whether another process has changed the manifest
        self._trust = trust
        self._reranker = reranker
        self._remembered: OrderedDict[str, _Found] = OrderedDict()
        self._remembering = threading.Lock()

    def passages(self, query: str, k: int, only: DocumentFilter | None = None) -> list[Passage]:
        """What :meth:`search` finds; of the latest questions to all documents it is remembered until these change."""
        if only is not None or not 0 < 4 * k <= CANDIDATES:  # a deeper search weighs otherwise: its first are not these
            return self.search(query, k, only).passages
        self._refresh()
        snapshot, trust = self._manifest.snapshot, self._trust.of(self._embedder.name)
        with self._remembering:
            known = self._remembered.get(query)
            if known and known.holds(snapshot, trust, k):
                self._remembered.move_to_end(query)
                return known.passages[:k]
        depth = max(k, _DEEP)
        found = self.search(query, depth).passages
        if self._manifest.snapshot is snapshot:
            with self._remembering:
                latest = next(reversed(self._remembered.values()), None)
                if latest and latest.snapshot is not snapshot:
                    self._remembered.clear()  # each holds a listing of all documents as they were
                self._remembered[query] = _Found(snapshot, trust, depth, found)
                self._remembered.move_to_end(query)
                if len(self._remembered) > _REMEMBERED:
                    self._remembered.popitem(last=False)
        return found[:k]

    def search(self, query: str, k: int, only: DocumentFilter | None = None) -> Trace:
        """The `k` best passages, no paragraph twice, each document in one whole revision.

        Args:
            only: the documents to look at.

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
        weights = Weights(
            self._trust.weight(self._embedder.name, language),
            word_weight(count_terms(query, language), snapshot.chunks),
        )
        if not snapshot.documents:
            return Trace(query, language, weights, ())
        started = time.perf_counter()
        dense = self._embedder.query(query)
        sparse = sparse_query(query, languages, language)
        embedded = time.perf_counter()
        for _ in range(_ATTEMPTS):
            snapshot = self._manifest.snapshot
            limit, among = max(CANDIDATES, 4 * k), _revisions(snapshot, only)
            by_meaning, by_words = self._store.query(dense, sparse, limit, snapshot.hidden, among)
            self._refresh()
            if self._manifest.snapshot is snapshot:
                break
        fused = fuse(by_meaning, by_words, snapshot, weights)
        searched = time.perf_counter()
        ordered = self._reranked(query, fused, k)
        reranked = time.perf_counter()
        candidates, dropped = distinct(ordered, k)
        return Trace(
            query,
            language,
            weights,
            tuple(self._calibrated(each, language) for each in candidates),
            embed_ms=(embedded - started) * 1e3,
            search_ms=(searched - embedded) * 1e3,
            rerank_ms=(reranked - searched) * 1e3,
            dropped=tuple(dropped),
            looked_at=len(fused),
            reranker=self._reranker.name if self._reranker else None,
        )

    def _calibrated(self, found: Candidate, language: str) -> Candidate:
        likely = relevance(found.fused, self._embedder.name, language)
        return replace(found, passage=replace(found.passage, relevance=likely))

    def _reranked(self, query: str, fused: list[Candidate], k: int) -> list[Candidate]:
        """The best by the cross-encoder; the rest, which it did not read, is left out."""
        if not self._reranker:
            return fused
        read = fused[: max(RERANKED, k)]
        scores = self._reranker.scores(query, [f"{each.passage.title}\n{each.passage.text}" for each in read])
        scored = [
            replace(each, reranked=score, passage=replace(each.passage, score=score))
            for each, score in zip(read, scores, strict=True)
        ]
        return sorted(scored, key=lambda each: -each.passage.score)


def _revisions(snapshot: Snapshot, only: DocumentFilter | None) -> Collection[str] | None:
    if only is None:
        return None
    return {record.revision for record in snapshot.documents.values() if only.accepts(record)}
