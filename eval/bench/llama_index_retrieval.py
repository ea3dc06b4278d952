"""LlamaIndex's default pipeline: SentenceSplitter, its Qdrant vector store, the nearest by meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llama_index.core import Document as LlamaDocument
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.node_parser import SentenceSplitter
from llama_index.vector_stores.qdrant import QdrantVectorStore
from pydantic import PrivateAttr
from qdrant_client import QdrantClient

from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder

TOKENS, OVERLAP = 256, 50  # the passages' limit; the same share of overlap as its default of 200 in 1024


class SameEmbedding(BaseEmbedding):
    """Our embedder in LlamaIndex's clothes: both sides get the very same vectors for the same text."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(model_name=embedder.name, embed_batch_size=512)
        self._embedder = embedder

    def _get_query_embedding(self, query: str) -> list[float]:
        return [float(value) for value in self._embedder.query(query)]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self._embedder.documents(texts).tolist()
        return found


def llama_index(documents: Sequence[Document], embedder: Embedder) -> Callable[[str, int], list[str]]:
    """A search over the documents that gives the documents' ids of the k best passages, best first."""
    store = QdrantVectorStore(client=QdrantClient(":memory:"), collection_name="peer")
    index = VectorStoreIndex.from_documents(
        [LlamaDocument(text=each.text, doc_id=each.id) for each in documents],
        storage_context=StorageContext.from_defaults(vector_store=store),
        transformations=[SentenceSplitter(chunk_size=TOKENS, chunk_overlap=OVERLAP)],
        embed_model=SameEmbedding(embedder),
    )

    def search(query: str, k: int) -> list[str]:
        found = index.as_retriever(similarity_top_k=k).retrieve(query)
        return [str(each.node.ref_doc_id) for each in found]

    return search
