"""LlamaIndex as its tutorial uses it, with the embedding model and the vector store that we have too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llama_index.core import Document as LlamaDocument
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.vector_stores.qdrant import QdrantVectorStore
from pydantic import PrivateAttr
from qdrant_client import QdrantClient
from sentence_transformers import SentenceTransformer


class MiniLM(BaseEmbedding):
    """What `HuggingFaceEmbedding` does, without its package: `encode` on batches of LlamaIndex's default size, 10."""

    _model: SentenceTransformer = PrivateAttr()

    def __init__(self, model: SentenceTransformer, **options: Any) -> None:
        super().__init__(**options)
        self._model = model

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors = self._model.encode(
            texts, batch_size=self.embed_batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        return [[float(number) for number in vector] for vector in vectors]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embeddings([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def index(texts: Sequence[str], model: SentenceTransformer, folder: Path) -> int:
    """Index documents with LlamaIndex's defaults (SentenceSplitter, dense vectors) on disk; how many chunks it made."""
    client = QdrantClient(path=str(folder))
    store = QdrantVectorStore(collection_name="bench", client=client)
    VectorStoreIndex.from_documents(
        [LlamaDocument(text=text, id_=str(n)) for n, text in enumerate(texts)],
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=MiniLM(model),
    )
    chunks = client.count("bench").count
    client.close()
    return chunks
