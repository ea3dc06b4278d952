"""A document's way to chunks with vectors: all that needs no store, and can be done on any machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from crossover.indexer import chunking
from crossover.indexer.chunking import Chunker
from crossover.indexer.document import Chunk, Document, DocumentRecord, digest
from crossover.indexer.embedding import Embedder, sparse_document
from crossover.indexer.language import detect
from crossover.indexer.vector_store import StoredChunk

_LONGEST = 512  # tokens of a chunk unless a setting says more, also for models that read whole books


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document cut into chunks."""

    record: DocumentRecord
    chunks: list[Chunk]


class Preparation:
    """Cuts documents and makes the vectors of their chunks.

    Args:
        chunk_tokens: the most tokens of a chunk; None for what the model reads, at most 512.
    """

    def __init__(self, embedder: Embedder, chunk_tokens: int | None) -> None:
        self._embedder = embedder
        self._chunk_tokens = chunk_tokens

    def record(self, document: Document, known: DocumentRecord | None) -> DocumentRecord:
        """What the index will know of a document, its chunks not yet counted; its revision tells whether it changed."""
        content = document.content_hash
        revision = revision_of(document.id, content, self._chunk_tokens, self._embedder)
        return DocumentRecord(
            id=document.id,
            title=document.title or document.id,
            source=document.source,
            content_hash=content,
            version=known.version + 1 if known else 1,
            indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
            chunks=0,
            language=document.language
            or (known.language if known and known.revision == revision else "")
            or detect(document.text),
            revision=revision,
            metadata=dict(document.metadata),
        )

    def cut(self, document: Document, record: DocumentRecord) -> Prepared:
        """The chunks of a document; none where there is no text in it."""
        chunks = self._chunker.chunk(document, record.revision)
        return Prepared(replace(record, chunks=len(chunks)), chunks)

    def stored(
        self, chunks: Sequence[tuple[DocumentRecord, Chunk]], tell: Callable[[int], None] | None = None
    ) -> list[StoredChunk]:
        """Some chunks with their vectors.

        Args:
            tell: is called with the number of chunks of each finished batch.
        """
        texts = [self._chunker.embedded_text(record.title, chunk) for record, chunk in chunks]
        vectors = self._embedder.documents(texts, tell)
        return [
            StoredChunk(chunk, record.revision, vector, sparse_document(text, record.language))
            for (record, chunk), text, vector in zip(chunks, texts, vectors, strict=True)
        ]

    @cached_property
    def _chunker(self) -> Chunker:
        limit = self._embedder.max_tokens
        return Chunker(min(self._chunk_tokens or _LONGEST, limit), self._embedder.count_tokens)


def revision_of(document: str, content_hash: str, chunk_tokens: int | None, embedder: Embedder) -> str:
    """The revision of a document of this content, cut and embedded as it would be now."""
    return digest(document, content_hash, f"{chunking.VERSION}/{chunk_tokens}/{embedder.name}")
