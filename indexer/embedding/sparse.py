"""Sparse vectors of words: BM25 weights from Qdrant's own embedder, in each document's language."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from crossover.indexer.language import FALLBACK, LANGUAGES, WITHOUT_SPACES

if TYPE_CHECKING:
    from qdrant_edge import Bm25


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Weights of words, by the hash of each word."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


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
