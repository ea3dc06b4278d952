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


@dataclass(slots=True)
class Looked:
    """A document that was looked at.

    Attributes:
        record: what the index will know of it.
        changed: it is new, or differs from what the index holds.
        chunks: of a changed one; none where there is no text in it.
        stored: the chunks with their vectors, where they were embedded already.
    """

    record: DocumentRecord
    changed: bool
    chunks: list[Chunk]
    stored: list[StoredChunk] | None = None


class Preparation:
    """Cuts documents and makes the vectors of their chunks.

    Args:
        chunk_tokens: the most tokens of a chunk; None for what the model reads, at most 512.
    """

    def __init__(self, embedder: Embedder, chunk_tokens: int | None) -> None:
        self._embedder = embedder
        self._chunk_tokens = chunk_tokens

    def look(self, document: Document, known: DocumentRecord | None) -> Looked:
        """A document beside what the index knows of it, cut into chunks if it is another than that."""
        content = document.content_hash
        revision = revision_of(document.id, content, self._chunk_tokens, self._embedder)
        unchanged = known if known and known.revision == revision else None
        record = DocumentRecord(
            id=document.id,
            title=document.title or document.id,
            source=document.source,
            content_hash=content,
            version=known.version + 1 if known else 1,
            indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
            chunks=0,
            language=document.language or (unchanged.language if unchanged else detect(document.text)),
            revision=revision,
            metadata=dict(document.metadata),
        )
        if unchanged:
            return Looked(replace(unchanged, source=record.source, metadata=record.metadata), False, [])
        chunks = self._chunker.chunk(document, revision)
        return Looked(replace(record, chunks=len(chunks)), True, chunks)

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
        return chunker_for(self._embedder, self._chunk_tokens)


def chunker_for(embedder: Embedder, chunk_tokens: int | None) -> Chunker:
    """What cuts for a model: `chunk_tokens` at most, never more than it reads."""
    return Chunker(min(chunk_tokens or _LONGEST, embedder.max_tokens), embedder.count_tokens)


def revision_of(document: str, content_hash: str, chunk_tokens: int | None, embedder: Embedder) -> str:
    """The revision of a document of this content, cut and embedded as it would be now."""
    return digest(document, content_hash, f"{chunking.VERSION}/{chunk_tokens}/{embedder.name}")
