"""A Qdrant server or cluster, through its own client."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
from qdrant_client import QdrantClient, models

from crossover.indexer.document import Chunk
from crossover.indexer.embedding import SparseVector, Vectors
from crossover.indexer.errors import StoreError
from crossover.indexer.vector_store import DENSE, SPARSE, Hit, StoredChunk, in_order, to_hit, to_payload, to_stored

_UPSERT = 128  # chunks a request: well below the server's 32 MiB
_SCROLL = 1024
_PAGE = 256  # chunks with text and vector at once
_TIMEOUT = 60  # seconds


class RemoteStore:
    """One collection, created when the first chunk comes.

    Args:
        client: connected; see :func:`connect`.
        collection: its name on the server.
        dimension: gives the length of a dense vector; called only when the collection is created.
        place: how messages name the server.
    """

    def __init__(self, client: QdrantClient, collection: str, dimension: Callable[[], int], place: str) -> None:
        self._client = client
        self._collection = collection
        self._dimension = dimension
        self._place = place
        self._exists = False
        self._found()

    def require_room(self, chunks: int) -> None:
        """Nothing to do: only the server knows its disk."""

    def upsert(self, chunks: Sequence[StoredChunk]) -> None:
        with self._translated("write to"):
            if not self._found():
                self._create()
            for start in range(0, len(chunks), _UPSERT):
                points = [
                    models.PointStruct(
                        id=stored.chunk.id,
                        vector={DENSE: stored.dense.tolist(), SPARSE: _sparse(stored.sparse)},
                        payload=to_payload(stored),
                    )
                    for stored in chunks[start : start + _UPSERT]
                ]
                self._client.upsert(self._collection, points, wait=True)

    def delete_revisions(self, revisions: Collection[str]) -> None:
        if not revisions or not self._found():
            return
        with self._translated("delete from"):
            chosen = models.FilterSelector(filter=models.Filter(must=[_among(revisions)]))
            self._client.delete(self._collection, chosen, wait=True)

    def query(
        self,
        dense: Vectors,
        sparse: SparseVector,
        limit: int,
        hidden: Collection[str],
        among: Collection[str] | None = None,
    ) -> tuple[list[Hit], list[Hit]]:
        if not self._found() or (among is not None and not among):
            return [], []
        chosen = models.Filter(
            must=[_among(among)] if among is not None else None, must_not=[_among(hidden)] if hidden else None
        )
        searches: list[tuple[str, list[float] | models.SparseVector]] = [(DENSE, dense.tolist())]
        if sparse.indices:  # a question of stop words alone finds nothing by words
            searches.append((SPARSE, _sparse(sparse)))
        requests = [
            models.QueryRequest(query=vector, using=name, limit=limit, filter=chosen, with_payload=True)
            for name, vector in searches
        ]
        with self._translated("search"):
            answers = self._client.query_batch_points(self._collection, requests)
        hits = [[to_hit(point.id, point.score, point.payload) for point in answer.points] for answer in answers]
        return hits[0], hits[1] if len(hits) > 1 else []

    def fetch(self, ids: Sequence[str]) -> list[Chunk]:
        if not ids or not self._found():
            return []
        with self._translated("read"):
            records = self._client.retrieve(self._collection, list(ids), with_payload=True)
        return [to_hit(record.id, 0.0, record.payload).chunk for record in records]

    def count(self) -> int:
        if not self._found():
            return 0
        with self._translated("count"):
            return self._client.count(self._collection, exact=True).count

    def revisions(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for record in self._points(_SCROLL, payload=["revision"]):
            found.setdefault((record.payload or {}).get("revision", ""), set()).add(str(record.id))
        return found

    def chunks(self, limit: int | None = None) -> Iterator[tuple[Hit, Vectors]]:
        for record in islice(self._points(_PAGE, vectors=[DENSE]), limit):
            yield to_hit(record.id, 0.0, record.payload), np.asarray(record.vector[DENSE], dtype=np.float32)

    def read(self, revisions: Collection[str]) -> list[StoredChunk]:
        if not revisions:
            return []
        chosen = models.Filter(must=[_among(revisions)])
        no_words = models.SparseVector(indices=[], values=[])
        return in_order(
            to_stored(record.id, record.payload, record.vector[DENSE], record.vector.get(SPARSE, no_words))
            for record in self._points(_SCROLL, chosen, vectors=True)
        )

    def _points(
        self, page: int, chosen: models.Filter | None = None, payload: Any = True, vectors: Any = False
    ) -> Iterator[Any]:
        """All points, or those that a filter lets through, so many at a time."""
        offset = None
        while self._found():
            with self._translated("read"):
                records, offset = self._client.scroll(
                    self._collection, chosen, limit=page, offset=offset, with_payload=payload, with_vectors=vectors
                )
            yield from records
            if offset is None:
                return

    def optimize(self) -> None:
        """Nothing to do: a server optimizes by itself."""

    def close(self) -> None:
        self._client.close()

    def drop(self) -> None:
        with self._translated("delete"):
            self._client.delete_collection(self._collection)
        self._exists = False

    def _found(self) -> bool:
        """Whether the collection is there; asked again until it is, for another process may create it."""
        if not self._exists:
            with self._translated("reach"):
                self._exists = self._client.collection_exists(self._collection)
        return self._exists

    def _create(self) -> None:
        self._client.create_collection(
            self._collection,
            vectors_config={DENSE: models.VectorParams(size=self._dimension(), distance=models.Distance.COSINE)},
            sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )
        self._exists = True
        self._client.create_payload_index(self._collection, "revision", models.PayloadSchemaType.KEYWORD, wait=True)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except Exception as error:  # the client raises its own and its transport's
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise StoreError(
                f"cannot {what} the collection {self._collection!r} at {self._place}: {reason}; "
                "check CROSSOVER_QDRANT_URL and CROSSOVER_QDRANT_API_KEY, and that the server runs"
            ) from error


def connect(url: str, api_key: str | None) -> QdrantClient:
    """A client of a Qdrant server; nothing is sent yet."""
    return QdrantClient(url=url, api_key=api_key, timeout=_TIMEOUT, check_compatibility=False)


def _among(revisions: Collection[str]) -> models.FieldCondition:
    return models.FieldCondition(key="revision", match=models.MatchAny(any=sorted(revisions)))


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))
