"""Vectors of texts: dense by meaning (a model in this process or behind a URL), sparse by words (Qdrant's BM25)."""

from crossover.indexer.embedding.embedder import Embedder
from crossover.indexer.embedding.model import PACKAGED, EmbeddingModel, Vectors
from crossover.indexer.embedding.sparse import SparseVector, count_terms, sparse_document, sparse_query

__all__ = [
    "PACKAGED",
    "Embedder",
    "EmbeddingModel",
    "SparseVector",
    "Vectors",
    "count_terms",
    "sparse_document",
    "sparse_query",
]
