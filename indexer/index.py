"""The door to the indexer: open an index, add and delete documents, search."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from crossover.indexer.document import Document, DocumentRecord, Passage, Skipped, chunk_id
from crossover.indexer.embedding import Embedder, Vectors
from crossover.indexer.errors import IndexFull
from crossover.indexer.ingestion import Ingestion, IngestionReport, ReportProgress
from crossover.indexer.lock import IndexLock
from crossover.indexer.manifest import Manifest
from crossover.indexer.retriever import Retriever, Trace
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.sources import read_all, readable_files, stale
from crossover.indexer.vector_store import VectorStore

_log = logging.getLogger(__name__)


class Index:
    """Documents that can be searched. Open it with :meth:`open`; close it, or use it in a `with` block.

    Args:
        settings: where it lives and how documents are cut.
        store: open; closed with the index.
        manifest: of the documents in that store.
        embedder: makes the vectors.
        lock: held already where the store has one owner; else None, and writers take turns.
    """

    def __init__(
        self,
        settings: IndexerSettings,
        store: VectorStore,
        manifest: Manifest,
        embedder: Embedder,
        lock: IndexLock | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._manifest = manifest
        self._owned = lock
        self._writer = threading.Lock()
        self._embedder = embedder
        refresh = (lambda: None) if lock else manifest.refresh
        self._retriever = Retriever(manifest, store, self._embedder, refresh)

    @classmethod
    def open(cls, settings: IndexerSettings, *, warm: bool = True) -> Index:
        """The index that the settings name, cleaned up after a crash; empty where there was none.

        Args:
            warm: load the embedding model now rather than at the first question.

        Raises:
            IndexLocked: another process holds the embedded index; says which.
            StoreError: the store cannot be opened or reached.
        """
        index = cls._open_remote(settings) if settings.qdrant_url else cls._open_embedded(settings)
        try:
            if warm:
                index._embedder.warm()
        except BaseException:
            index.close()
            raise
        return index

    @classmethod
    def _open_embedded(cls, settings: IndexerSettings) -> Index:
        from crossover.indexer.vector_store.edge import EdgeStore

        home = settings.index_home
        lock = IndexLock(home)
        lock.acquire()
        try:
            embedder = Embedder(settings.embedding_model)
            store = EdgeStore(home / "shard", lambda: embedder.dimension)
            index = cls(settings, store, Manifest(home / "manifest.json"), embedder, lock)
            index._recover()
        except BaseException:
            lock.release()
            raise
        return index

    @classmethod
    def _open_remote(cls, settings: IndexerSettings) -> Index:
        from crossover.indexer.vector_store.remote import RemoteStore, connect

        url = settings.qdrant_url or ""
        key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
        embedder = Embedder(settings.embedding_model)
        store = RemoteStore(connect(url, key), settings.qdrant_collection, lambda: embedder.dimension, url)
        return cls(settings, store, Manifest(remote_manifest(settings)), embedder)

    def add(self, documents: Iterable[Document], progress: ReportProgress | None = None) -> IngestionReport:
        """Index documents that are new or changed; the others cost a hash.

        A search sees each document whole, as it was or as it is.

        Raises:
            ValueError: a document without id, two of the same id, or another embedding model than before.
            IndexFull: no space left; what was indexed before is intact.
            IndexLocked, StoreError: the index cannot be written now.
        """
        total = len(documents) if isinstance(documents, Sized) else None
        with self._writing():
            return self._ingest(documents, progress, total)

    def ingest_paths(
        self,
        paths: Iterable[Path],
        *,
        prune: bool = False,
        strict: bool = False,
        progress: ReportProgress | None = None,
    ) -> IngestionReport:
        """Index files and folders; in a folder, a file that cannot be read is reported and left out.

        Args:
            prune: delete the documents that came from these folders and whose files are gone.
            strict: a file that cannot be read is an error, and nothing is written.

        Raises:
            ReadError: a path is missing, or a file named itself cannot be read; nothing is written.
            DocumentCollision: two files would get the same id; nothing is written.
        """
        files = readable_files(paths, strict=strict)
        skipped: list[Skipped] = []
        with self._writing():
            report = self._ingest(read_all(files, skipped), progress, len(files))
            report.skipped[:0] = skipped
            if prune:
                report.deleted = stale(files, self.documents())
                self._forget(report.deleted)
        return report

    def delete(self, document_id: str) -> bool:
        """Delete a document with all its chunks at once; False where there is none of that id."""
        with self._writing():
            if document_id not in self._manifest.snapshot.documents:
                return False
            self._forget([document_id])
            return True

    def documents(self) -> list[DocumentRecord]:
        """What the index holds, sorted by id."""
        if not self._owned:
            self._manifest.refresh()
        return [record for _, record in sorted(self._manifest.snapshot.documents.items())]

    def search(self, query: str, k: int = 5) -> list[Passage]:
        """The `k` best passages for a question, best first; blocking, and safe to call from many threads.

        Raises:
            ValueError: the query is empty, or k is not positive.
            StoreError: the store failed.
        """
        return [candidate.passage for candidate in self.explain(query, k).candidates]

    def explain(self, query: str, k: int = 5) -> Trace:
        """The same search with how it came about: ranks, scores of both sides, weights, times."""
        return self._retriever.search(query, k)

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question, shape (d,); one just searched for is not embedded again."""
        return self._embedder.query(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions, shape (n, d)."""
        return self._embedder.queries(texts)

    def close(self) -> None:
        """Give the store and its lock back."""
        self._store.close()
        if self._owned:
            self._owned.release()

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time, in this process and, where the store is shared, among all on this home."""
        with self._writer:
            if self._owned:
                yield
                return
            with IndexLock(self._settings.index_home):
                self._manifest.refresh()
                self._recover()
                yield

    def _ingest(
        self, documents: Iterable[Document], progress: ReportProgress | None, total: int | None
    ) -> IngestionReport:
        started = time.perf_counter()
        if self._manifest.snapshot.pending:
            self._recover()  # an earlier run in this process failed halfway
        run = Ingestion(self._manifest, self._store, self._embedder, self._settings.chunk_tokens)
        report = run.run(documents, progress, total)
        if report.chunks:
            self._store.optimize()
        report.seconds = time.perf_counter() - started
        return report

    def _forget(self, ids: Sequence[str]) -> None:
        if ids:
            self._store.delete_revisions(self._manifest.remove(ids))
            self._manifest.settle()

    def _recover(self) -> None:
        """Bring store and manifest together after a crash: what the manifest does not name goes."""
        try:
            self._store.delete_revisions(self._manifest.snapshot.hidden)
            self._manifest.settle()
        except IndexFull as error:  # hidden they stay, and the rest can be searched
            _log.warning("leftovers of an interrupted run stay for now: %s", error)
            return
        snapshot = self._manifest.snapshot
        if self._store.count() == snapshot.chunks:
            return
        stored = self._store.revisions()
        if self._owned:  # on a shared server, unknown chunks may be another home's
            self._store.delete_revisions(stored.keys() - {record.revision for record in snapshot.documents.values()})
        broken = [record.id for record in snapshot.documents.values() if not _is_whole(record, stored)]
        if broken:
            _log.warning("%d documents lack chunks and must be indexed again, %s first", len(broken), broken[0])
            self._forget(broken)


def remote_manifest(settings: IndexerSettings) -> Path:
    """Where the manifest of a collection on a server lies: one a server and collection."""
    name = hashlib.sha256(f"{settings.qdrant_url}\0{settings.qdrant_collection}".encode()).hexdigest()[:12]
    return settings.index_home / f"remote-{name}.json"


def _is_whole(record: DocumentRecord, stored: dict[str, set[str]]) -> bool:
    expected = {chunk_id(record.id, record.revision, ordinal) for ordinal in range(record.chunks)}
    return stored.get(record.revision, set()) == expected
