"""The indexer's one way to vectors: any model, its questions remembered and joined."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from crossover.indexer.embedding.local import LocalModel
from crossover.indexer.embedding.model import EmbeddingModel, Vectors

if TYPE_CHECKING:
    from crossover.indexer.settings import IndexerSettings

_REMEMBERED = 2048  # queries whose vectors are kept: comparing strategies asks each question several times
_JOINED = 32  # waiting queries embedded together at most


class Embedder:
    """Unit vectors from one embedding model, loaded at first use; safe to call from many threads.

    Args:
        model: a sentence-transformers model by hub id or path, None for the packaged one; or a model itself.
    """

    def __init__(self, model: str | EmbeddingModel | None = None) -> None:
        self._model = LocalModel(model) if model is None or isinstance(model, str) else model
        self.name = self._model.name
        self._busy = threading.Lock()
        self._waiting: list[tuple[str, Future[Vectors]]] = []
        self._remembered = lru_cache(_REMEMBERED)(self._join)

    @classmethod
    def of(cls, settings: IndexerSettings) -> Embedder:
        """The embedder that the settings name: a model behind a URL, or one in this process."""
        if not settings.embedding_url:
            return cls(settings.embedding)
        from crossover.indexer.embedding.http import ServedModel

        return cls(ServedModel(settings))

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._model.dimension

    @property
    def max_tokens(self) -> int:
        """The most tokens of a document's text that the model reads, without its prompt and special tokens."""
        return self._model.max_tokens

    def count_tokens(self, text: str) -> int:
        """The number of tokens of a text under this model, special tokens not counted."""
        return self._model.count_tokens(text)

    def query(self, text: str) -> Vectors:
        """The vector of a question, shape (d,); the latest questions are remembered."""
        return self._remembered(text)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of questions, shape (n, d)."""
        return self._model.queries(texts)

    def documents(self, texts: Sequence[str], tell: Callable[[int], None] | None = None) -> Vectors:
        """The vectors of documents' chunks, shape (n, d).

        Args:
            tell: is called with the number of chunks of each finished batch.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for places, rows in self._model.documents(texts):
            vectors[places] = rows
            if tell:
                tell(len(places))
        return vectors

    def warm(self) -> None:
        """Load the model now rather than at the first question."""
        self.queries(["warm"])

    def _join(self, text: str) -> Vectors:
        """One query's vector; those that wait while the model is busy go through it in one batch."""
        mine: Future[Vectors] = Future()
        self._waiting.append((text, mine))
        with self._busy:
            while not mine.done():
                batch = self._waiting[:_JOINED]
                del self._waiting[: len(batch)]  # others may have queued up behind it meanwhile
                self._answer(batch)
        return mine.result()

    def _answer(self, batch: list[tuple[str, Future[Vectors]]]) -> None:
        try:
            vectors = self._model.queries([text for text, _ in batch])
        except Exception as error:
            for _, waiting in batch:
                waiting.set_exception(error)
            return
        vectors.flags.writeable = False  # remembered vectors are shared
        for (_, waiting), vector in zip(batch, vectors, strict=True):
            waiting.set_result(vector)
