"""All chunks of an index in memory: what a fine-tuned embedding model is trained against and judged on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crossover.indexer.embedding import Embedder, Vectors, count_terms, sparse_query
from crossover.indexer.fusion import Candidate, Weights, fuse, word_weight
from crossover.indexer.language import detect
from crossover.indexer.preparation import chunker_for
from crossover.indexer.retriever import CANDIDATES
from crossover.indexer.training.pairs import Pair
from crossover.indexer.trust import REFERENCE, measure
from crossover.indexer.vector_store import Hit
from crossover.indexer.versions import IndexVersion

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Side:
    """One embedding model over the corpus.

    Attributes:
        vectors: of the chunks, in their order, shape (n, d).
        weights: what its cosine is worth, by language.
    """

    embedder: Embedder
    vectors: Vectors
    weights: dict[str, float]


class Corpus:
    """The chunks of one state of an index, and searches over them with any embedding model.

    Args:
        version: open and unchanged while this is used.
        chunk_tokens: the setting.
    """

    def __init__(self, version: IndexVersion, chunk_tokens: int | None) -> None:
        self._snapshot, self._store = version.manifest.snapshot, version.store
        embedder = version.embedder
        chunker = chunker_for(embedder, chunk_tokens)
        self.hits: list[Hit] = []
        self.texts: list[str] = []
        vectors = []
        for hit, vector in self._store.chunks():
            record = self._snapshot.documents.get(hit.chunk.document)
            if record and record.revision == hit.revision:
                self.hits.append(hit)
                self.texts.append(chunker.embedded_text(record.title, hit.chunk))
                vectors.append(vector)
        weights = {code: version.trust.weight(embedder.name, code) for code in self._snapshot.languages}
        self.present = Side(embedder, np.stack(vectors) if vectors else np.empty((0, 0), np.float32), weights)

    def under(self, embedder: Embedder) -> Side:
        """The corpus embedded by another model."""
        vectors = embedder.documents(self.texts)
        weights = {}
        for language in self._snapshot.languages:
            rows = [
                row
                for row, hit in enumerate(self.hits)
                if self._snapshot.documents[hit.chunk.document].language == language
            ]
            found = measure(embedder, [self.hits[row].chunk.text for row in rows], vectors[rows])
            weights[language] = found.weight if found else REFERENCE
        return Side(embedder, vectors, weights)

    def search(self, questions: Sequence[str], side: Side, k: int) -> Iterator[list[Candidate]]:
        """The `k` best chunks for each question, fused as the retriever does, with the vectors of one side."""
        for question, vector in zip(questions, side.embedder.queries(questions), strict=True):
            yield self._search(question, side.vectors @ vector, side)[:k]

    def _search(self, question: str, cosines: Vectors, side: Side) -> list[Candidate]:
        languages = self._snapshot.languages
        language = detect(question, among=languages)
        nearest = np.argsort(-cosines, kind="stable")[:CANDIDATES]
        by_meaning = [replace(self.hits[row], score=float(cosines[row])) for row in nearest]
        sparse = sparse_query(question, languages, language)
        anything = self.present.vectors[0]  # what the store finds by meaning is not looked at
        _, by_words = self._store.query(anything, sparse, CANDIDATES, self._snapshot.hidden)
        weights = Weights(side.weights[language], word_weight(count_terms(question, language), self._snapshot.chunks))
        return fuse(by_meaning, by_words, self._snapshot, weights)

    def ranks(self, pairs: Sequence[Pair], side: Side, depth: int) -> Scores:
        """At which place, from 1, a chunk of the right document comes for each question; infinite below `depth`."""
        found = self.search([pair.question for pair in pairs], side, depth)
        return np.array(
            [_place(pair.document, candidates) for pair, candidates in zip(pairs, found, strict=True)], dtype=np.float64
        )


def _place(document: str, candidates: Sequence[Candidate]) -> float:
    places = (float(rank) for rank, each in enumerate(candidates, start=1) if each.passage.document == document)
    return next(places, np.inf)
