"""Qdrant's engine in this process: one shard in a folder, held by one process at a time."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
from qdrant_edge import (
    CountRequest,
    Distance,
    EdgeConfig,
    EdgeShard,
    EdgeSparseVectorParams,
    EdgeVectorParams,
    FieldCondition,
    Filter,
    MatchAny,
    Modifier,
    PayloadSchemaType,
    Point,
    Query,
    QueryBatchRequest,
    QueryRequest,
    ScoredPoint,
    ScrollRequest,
    UpdateOperation,
)
from qdrant_edge import SparseVector as EdgeSparseVector

from crossover.indexer.disk import bytes_on_disk, require_space
from crossover.indexer.document import Chunk
from crossover.indexer.embedding import SparseVector, Vectors
from crossover.indexer.errors import IndexFull, StoreError
from crossover.indexer.vector_store import (
    DENSE,
    SPARSE,
    Hit,
    StoredChunk,
    in_order,
    optimizer,
    to_hit,
    to_payload,
    to_stored,
)

_RESERVE = 64 << 20  # bytes: a segment of the write-ahead log is 32 MiB, and grows while the next one opens
_RESERVE_SMALL = 4 << 20  # bytes: to open it, or to delete
_PER_CHUNK = 16 << 10  # bytes: vectors and text, once in the log and once in the segment
_SCROLL = 4096
_PAGE = 256  # chunks with text and vector at once
_AT_ONCE = 64  # chunks: nothing else runs in this process while the engine writes them
_NO_WORDS = SparseVector((), ())  # of a chunk of stop words alone


class EdgeStore:
    """The shard in `folder`, created when the first chunk comes.

    Args:
        folder: of the shard alone; the caller holds the lock on it.
        dimension: gives the length of a dense vector; called only when the shard is created.
    """

    def __init__(self, folder: Path, dimension: Callable[[], int]) -> None:
        self._folder = folder
        self._dimension = dimension
        self._shard: EdgeShard | None = None
        self._forgets_at_once: bool | None = None  # what the shard on disk is set to; None: not known
        self._calls = threading.RLock()  # one at a time, as Python's lock has it anyway: the shard may be replaced
        optimizer.tidy(folder)
        if folder.exists():
            require_space(folder, _RESERVE_SMALL)
            with self._translated("open"):
                self._shard = EdgeShard.load(str(folder))

    def require_room(self, chunks: int) -> None:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        require_space(self._folder.parent, _RESERVE + _PER_CHUNK * chunks)

    def upsert(self, chunks: Sequence[StoredChunk]) -> None:
        points = [
            Point(
                stored.chunk.id,
                {DENSE: stored.dense.tolist(), SPARSE: _sparse(stored.sparse)},
                to_payload(stored),
            )
            for stored in chunks
        ]
        self.require_room(len(points))
        for start in range(0, len(points), _AT_ONCE):
            with self._translated("write to"):
                shard = self._shard or self._create()
                shard.update(UpdateOperation.upsert_points(points[start : start + _AT_ONCE]))
        with self._translated("write to"):
            shard.flush()

    def delete_revisions(self, revisions: Collection[str]) -> None:
        if self._shard is None or not revisions:
            return
        require_space(self._folder, _RESERVE_SMALL)
        with self._translated("delete from"):
            self._shard.update(UpdateOperation.delete_points_by_filter(Filter(must=[_among(revisions)])))
            self._shard.flush()

    def query(
        self,
        dense: Vectors,
        sparse: SparseVector,
        limit: int,
        hidden: Collection[str],
        among: Collection[str] | None = None,
    ) -> tuple[list[Hit], list[Hit]]:
        if self._shard is None or (among is not None and not among):
            return [], []
        chosen = Filter(
            must=[_among(among)] if among is not None else None, must_not=[_among(hidden)] if hidden else None
        )
        requests = [
            QueryRequest(limit, query=query, filter=chosen, with_payload=True)
            for query in (Query.Nearest(dense.tolist(), using=DENSE), Query.Nearest(_sparse(sparse), using=SPARSE))
        ]
        with self._translated("search"):
            by_meaning, by_words = self._shard.query_batch(QueryBatchRequest(requests))
        return _hits(by_meaning), _hits(by_words)

    def fetch(self, ids: Sequence[str]) -> list[Chunk]:
        if self._shard is None or not ids:
            return []
        with self._translated("read"):
            records = self._shard.retrieve(list(ids), with_payload=True, with_vector=False)
        return [to_hit(record.id, 0.0, record.payload).chunk for record in records]

    def count(self) -> int:
        if self._shard is None:
            return 0
        with self._translated("count"):
            return self._shard.count(CountRequest(exact=True))

    def revisions(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for record in self._points(_SCROLL, payload=["revision"]):
            found.setdefault((record.payload or {}).get("revision", ""), set()).add(str(record.id))
        return found

    def chunks(self, limit: int | None = None) -> Iterator[tuple[Hit, Vectors]]:
        for record in islice(self._points(_PAGE, vectors=[DENSE]), limit):
            yield to_hit(record.id, 0.0, record.payload), _dense(record.vector)

    def read(self, revisions: Collection[str]) -> list[StoredChunk]:
        if not revisions:
            return []
        chosen = Filter(must=[_among(revisions)])
        return in_order(
            to_stored(record.id, record.payload, record.vector[DENSE], record.vector.get(SPARSE, _NO_WORDS))
            for record in self._points(_SCROLL, chosen, vectors=True)
        )

    def _points(
        self, page: int, chosen: Filter | None = None, payload: Any = True, vectors: Any = False
    ) -> Iterator[Any]:
        """All points, or those that a filter lets through, so many at a time."""
        offset = None
        while self._shard is not None:
            with self._translated("read"):
                request = ScrollRequest(
                    offset=offset, limit=page, filter=chosen, with_payload=payload, with_vector=vectors
                )
                records, offset = self._shard.scroll(request)
            yield from records
            if offset is None:
                return

    def optimize(self) -> None:
        """Build the HNSW graph, merge segments and forget what was deleted, in a large shard once that is a lot.

        Skipped where the copy that it makes would not fit.
        """
        if self._shard is None:
            return
        try:
            require_space(self._folder, _RESERVE + 2 * bytes_on_disk(self._folder))
        except IndexFull:
            return
        with self._translated("optimize"):
            shard = self._configured(self._shard)
            if not optimizer.takes_long(shard):
                shard.optimize()
                return
            shard.flush()
        copy = optimizer.optimized_copy(self._folder)
        with self._translated("optimize"):
            shard.close()
            optimizer.replace(self._folder, copy)
            self._shard = EdgeShard.load(str(self._folder))

    def close(self) -> None:
        if self._shard is not None:
            self._shard.close()
            self._shard = None

    def drop(self) -> None:
        self.close()
        if self._folder.exists():  # out of the way in one step: half a shard would not open
            doomed = self._folder.with_name(f"{self._folder.name}.gone")
            shutil.rmtree(doomed, ignore_errors=True)
            self._folder.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)

    def _create(self) -> EdgeShard:
        """A new shard, built beside and moved into place, so that a folder of that name is a whole shard."""
        beside = self._folder.with_name(f"{self._folder.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        shard = EdgeShard.create(str(beside), _config(self._dimension(), forgets_at_once=True))
        shard.update(UpdateOperation.create_field_index("revision", PayloadSchemaType.Keyword))
        shard.flush()
        shard.close()
        beside.rename(self._folder)
        self._shard = EdgeShard.load(str(self._folder))
        self._forgets_at_once = True
        return self._shard

    def _configured(self, shard: EdgeShard) -> EdgeShard:
        """The shard, opened anew where it has grown or shrunk over the size up to which it forgets at once."""
        forgets_at_once = optimizer.is_small(shard)
        if forgets_at_once == self._forgets_at_once or (some := next(self._points(1, vectors=[DENSE]), None)) is None:
            return shard
        shard.close()
        config = _config(len(_dense(some.vector)), forgets_at_once=forgets_at_once)
        self._shard = EdgeShard.load(str(self._folder), config)
        self._forgets_at_once = forgets_at_once
        return self._shard

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            with self._calls:
                yield
        except (StoreError, IndexFull):
            raise
        except Exception as error:  # the engine raises plain Exception
            require_space(self._folder.parent if self._folder.parent.exists() else Path.cwd(), 1 << 20)
            raise StoreError(f"{self._folder}: cannot {what} the index: {error}") from error


def _config(dimension: int, *, forgets_at_once: bool) -> EdgeConfig:
    return EdgeConfig(
        vectors={DENSE: EdgeVectorParams(size=dimension, distance=Distance.Cosine)},
        sparse_vectors={SPARSE: EdgeSparseVectorParams(modifier=Modifier.Idf)},
        optimizers=optimizer.AT_ONCE if forgets_at_once else optimizer.SELDOM,
    )


def _among(revisions: Collection[str]) -> FieldCondition:
    return FieldCondition("revision", match=MatchAny(sorted(revisions)))


def _sparse(vector: SparseVector) -> EdgeSparseVector:
    return EdgeSparseVector(list(vector.indices), list(vector.values))


def _dense(vectors: object) -> Vectors:
    return np.asarray(cast("dict[str, list[float]]", vectors)[DENSE], dtype=np.float32)


def _hits(points: list[ScoredPoint]) -> list[Hit]:
    return [to_hit(point.id, point.score, point.payload) for point in points]
