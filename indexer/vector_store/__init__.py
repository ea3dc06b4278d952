"""Where the vectors live: Qdrant's engine in the process (`edge`) or a Qdrant server (`remote`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from crossover.indexer.document import Chunk
from crossover.indexer.embedding import SparseVector, Vectors

DENSE, SPARSE = "dense", "sparse"  # the names of the two vectors of a point


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with its vectors, on its way into the store."""

    chunk: Chunk
    revision: str
    dense: Vectors
    sparse: SparseVector


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that one of the two searches found.

    Attributes:
        score: cosine similarity of the dense search, BM25 of the sparse one.
    """

    chunk: Chunk
    revision: str
    score: float


class VectorStore(Protocol):
    """Chunks with a dense and a sparse vector each. Every method raises StoreError when the store fails."""

    def require_room(self, chunks: int) -> None:
        """Raise IndexFull where this many more chunks would not fit; asked before the work of embedding them."""

    def upsert(self, chunks: Sequence[StoredChunk]) -> None:
        """Write chunks, replacing those of the same id; durable when it returns."""

    def delete_revisions(self, revisions: Collection[str]) -> None:
        """Delete every chunk of these revisions; durable when it returns."""

    def query(
        self,
        dense: Vectors,
        sparse: SparseVector,
        limit: int,
        hidden: Collection[str],
        among: Collection[str] | None = None,
    ) -> tuple[list[Hit], list[Hit]]:
        """The best by meaning and the best by words, best first.

        Args:
            hidden: revisions whose chunks are left out.
            among: the only revisions to look at; None is all.
        """

    def chunks(self, limit: int | None = None) -> Iterator[tuple[Hit, Vectors]]:
        """Chunks (their score 0) with their dense vectors, in the order of their ids, which says nothing about them."""

    def fetch(self, ids: Sequence[str]) -> list[Chunk]:
        """The chunks of these ids, in no order; those that are not there are left out."""

    def count(self) -> int:
        """The exact number of chunks."""

    def revisions(self) -> dict[str, set[str]]:
        """The ids of all chunks, by revision."""

    def read(self, revisions: Collection[str]) -> list[StoredChunk]:
        """The chunks of these revisions with their vectors, by document and ordinal."""

    def optimize(self) -> None:
        """Build what makes searching fast, where the store does not do so by itself."""

    def close(self) -> None:
        """Give back what the store holds."""

    def drop(self) -> None:
        """Delete the store with everything in it; only :meth:`close` may follow."""


def to_payload(stored: StoredChunk) -> dict[str, Any]:
    """The payload of a point, the same in both stores."""
    chunk = stored.chunk
    return {
        "document": chunk.document,
        "revision": stored.revision,
        "ordinal": chunk.ordinal,
        "text": chunk.text,
        "heading": list(chunk.heading),
        "content_hash": chunk.content_hash,
        **({"page": chunk.page} if chunk.page else {}),
    }


def to_hit(point_id: object, score: float, payload: Mapping[str, Any] | None) -> Hit:
    """A hit out of a point that :func:`to_payload` described."""
    return Hit(_to_chunk(point_id, payload or {}), (payload or {}).get("revision", ""), score)


def to_stored(point_id: object, payload: Mapping[str, Any] | None, dense: Any, sparse: Any) -> StoredChunk:
    """What was stored as a point that :func:`to_payload` described."""
    fields = payload or {}
    words = SparseVector(tuple(sparse.indices), tuple(sparse.values))
    vector = np.asarray(dense, dtype=np.float32)
    return StoredChunk(_to_chunk(point_id, fields), fields.get("revision", ""), vector, words)


def in_order(chunks: Iterable[StoredChunk]) -> list[StoredChunk]:
    """By document and ordinal."""
    return sorted(chunks, key=lambda stored: (stored.chunk.document, stored.chunk.ordinal))


def _to_chunk(point_id: object, fields: Mapping[str, Any]) -> Chunk:
    return Chunk(
        id=str(point_id),
        document=fields.get("document", ""),
        ordinal=fields.get("ordinal", 0),
        text=fields.get("text", ""),
        heading=tuple(fields.get("heading", ())),
        content_hash=fields.get("content_hash", ""),
        page=fields.get("page"),
    )
