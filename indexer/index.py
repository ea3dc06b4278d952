"""The door to the indexer: open an index, add and delete documents, search."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, TypeVar

from crossover.indexer.document import Document, DocumentRecord, IndexStatus, Passage, Skipped
from crossover.indexer.embedding import Embedder, Vectors
from crossover.indexer.errors import StoreError
from crossover.indexer.filters import DocumentFilter
from crossover.indexer.ingestion import Engine, Ingestion, IngestionReport, ReportProgress
from crossover.indexer.live import LiveVersion
from crossover.indexer.lock import IndexLock, WriterTurns
from crossover.indexer.ray_engine import RayEngine
from crossover.indexer.retriever import Retriever, Trace
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.sources import SourceFile, collect, gone, read_all
from crossover.indexer.trust import Trust
from crossover.indexer.versions import IndexVersion, Versions

if TYPE_CHECKING:
    from crossover.indexer.training.corpus import Corpus

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Index:
    """Documents that can be searched. Open it with :meth:`open`; close it, or use it in a `with` block.

    Args:
        settings: where it lives and how documents are cut.
        versions: of this index; the current one is opened, and closed with the index.
        embedder: of the settings; a version built with another model keeps its own until :meth:`rebuild`.
        lock: held already where the index has one owner; else None, and writers take turns.
        wait: seconds that a writer waits for its turn.
    """

    def __init__(
        self,
        settings: IndexerSettings,
        versions: Versions,
        embedder: Embedder,
        lock: IndexLock | None = None,
        wait: float = 0.0,
    ) -> None:
        self._settings = settings
        self._embedder = embedder
        self._turns = WriterTurns(settings.index_home, lock, wait)
        self._live = LiveVersion(versions, embedder)

    @classmethod
    def open(cls, settings: IndexerSettings, *, warm: bool = True, wait: float = 0.0) -> Index:
        """The index that the settings name, cleaned up after a crash; empty where there was none.

        Args:
            warm: load the embedding model now rather than at the first question.
            wait: seconds to wait for another process to give the index back.

        Raises:
            IndexLocked: another process holds the embedded index; says which.
            StoreError: the store cannot be opened or reached.
        """
        embedder = Embedder.of(settings)
        if settings.qdrant_url:
            index = cls(settings, Versions.remote(settings), embedder, wait=wait)
        else:
            lock = IndexLock(settings.index_home)
            lock.acquire(wait)
            try:
                index = cls(settings, Versions.embedded(settings), embedder, lock)
                index._live.recover()
            except BaseException:
                lock.release()
                raise
        try:
            if index.outdated:
                _log.warning("%s", index._live.what_is_outdated())
            if warm:
                index._live.warm()
        except BaseException:
            index.close()
            raise
        return index

    @property
    def outdated(self) -> bool:
        """Whether the vectors are of another embedding model than the settings name: see :meth:`rebuild`."""
        return self._live.outdated

    @property
    def version(self) -> IndexVersion:
        """The version that answers."""
        return self._live.follow()

    def add(self, documents: Iterable[Document], progress: ReportProgress | None = None) -> IngestionReport:
        """Index documents that are new or changed; the others cost a hash.

        A search sees each document whole, as it was or as it is.

        Raises:
            ValueError: a document without id, or two of the same id.
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
        engine: Literal["local", "ray"] = "local",
        progress: ReportProgress | None = None,
    ) -> IngestionReport:
        """Index files and folders; a file that cannot be read is reported and left out.

        Args:
            engine: where files are read and embedded: in this process, or on a Ray cluster.
            prune: delete the documents that came from these folders and whose files are gone.

        Raises:
            ReadError: a path is missing, or the paths are files of which none can be read; nothing is written.
            DocumentCollision: two files would get the same id; nothing is written.
        """
        files = collect(paths)
        return self.ingest_files(files, pruned=files if prune else None, engine=engine, progress=progress)

    def ingest_files(
        self,
        files: Sequence[SourceFile],
        *,
        pruned: Sequence[SourceFile] | None = None,
        engine: Literal["local", "ray"] = "local",
        progress: ReportProgress | None = None,
    ) -> IngestionReport:
        """Index these files; one that cannot be read is reported and left out.

        Args:
            pruned: all files of the folders whose documents are deleted where their file is gone.
            engine: as in :meth:`ingest_paths`.

        Raises:
            ReadError: the files were named themselves, and none of them can be read.
        """
        unread: list[Skipped] = []
        with self._writing():
            on_ray, reading = engine == "ray", self._settings.reading
            documents = RayEngine(files, unread, self._settings) if on_ray else read_all(files, unread, reading)
            report = self._ingest(documents, progress, len(files))
        if pruned:
            report.deleted = self.delete_all(gone(pruned, files, self.documents(), report.indexed, unread))
        report.skipped[:0] = unread
        return report

    def delete(self, document_id: str) -> bool:
        """Delete a document with all its chunks at once; False where there is none of that id."""
        return bool(self.delete_all([document_id]))

    def delete_all(self, ids: Iterable[str]) -> list[str]:
        """Delete documents with all their chunks at once; the ids of those that there were."""
        with self._writing() as version:
            known = [each for each in dict.fromkeys(ids) if each in version.manifest.snapshot.documents]
            version.forget(known)
            return known

    def documents(self) -> list[DocumentRecord]:
        """What the index holds, sorted by id."""
        version = self.version
        if self._live.shared:
            version.manifest.refresh()
        return [record for _, record in sorted(version.manifest.snapshot.documents.items())]

    def check(self) -> None:
        """Raises StoreError, or what else is wrong, where the index cannot be searched now."""
        self.documents()
        self.version.store.count()

    def status(self) -> IndexStatus:
        """The version that answers, its model and its size."""
        return self._live.status(self.documents(), self._settings.chunk_tokens)

    def search(self, query: str, k: int = 5, only: DocumentFilter | None = None) -> list[Passage]:
        """The `k` best passages for a question, best first; blocking, and safe to call from many threads.

        Raises:
            ValueError: the query is empty, or k is not positive.
            StoreError: the store failed.
        """
        return self._retrieved(lambda retriever: retriever.passages(query, k, only))

    def explain(self, query: str, k: int = 5, only: DocumentFilter | None = None) -> Trace:
        """The same search with how it came about: every stage with its ranks, scores, weights and times."""
        return self._retrieved(lambda retriever: retriever.search(query, k, only))

    def _retrieved(self, retrieve: Callable[[Retriever], T]) -> T:
        while True:
            version = self.version
            try:
                found = retrieve(version.retriever)
            except StoreError:
                if self.version is version:
                    raise
            else:
                if self.version is version:
                    return found
            # It was switched meanwhile, and its store is gone, or was empty already.

    def calibrate(self) -> dict[str, Trust]:
        """Measure how far the embedding model can be trusted in each language of the documents, and keep to it."""
        return self.version.calibrate()

    def section(self, passage: Passage, around: int = 8) -> str:
        """The section that a passage stands in: its text with that of its neighbours under the same headings.

        Args:
            passage: as a search returned it; of a document that has changed since, its own text is all there is.
            around: chunks before it and after it at most.

        Raises:
            StoreError: the store failed.
        """
        return self.version.section(passage, around)

    def corpus(self) -> Corpus:
        """All chunks in memory, to train an embedding model on; good while the index is open and unchanged."""
        from crossover.indexer.training.corpus import Corpus

        return Corpus(self.version, self._settings.chunk_tokens)

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question, shape (d,); one just searched for is not embedded again."""
        return self._embedder.query(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions under the model of the settings, shape (n, d)."""
        return self._embedder.queries(texts)

    def rebuild(self, progress: ReportProgress | None = None) -> bool:
        """Embed every document with the model of the settings in a new version, and switch to it when it is whole.

        Searches are answered from the old version, with its model, until then; documents can be added and deleted
        meanwhile. A rebuild that was interrupted goes on where it was; closing the index interrupts it. False where
        nothing was to be done.

        Raises:
            IndexFull, IndexLocked, StoreError: the new version cannot be written now; the old one goes on.
        """
        if not self.outdated:
            return False
        from crossover.indexer.rebuild import rebuild

        return rebuild(self._live, self._turns, self._settings, progress)

    def close(self) -> None:
        """Give the store and its lock back, once a writer in another thread has finished its batch."""
        self._turns.close(self._live.close)

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[IndexVersion]:
        with self._turns.take():
            self._live.catch_up()
            yield self.version

    def _ingest(
        self, documents: Iterable[Document] | Engine, progress: ReportProgress | None, total: int | None
    ) -> IngestionReport:
        started = time.perf_counter()
        version = self.version
        if version.manifest.snapshot.pending:
            self._live.recover()  # an earlier run in this process failed halfway
        run = Ingestion(version.manifest, version.store, version.embedder, self._settings.chunk_tokens)
        report = run.run(documents, progress, total)
        if report.chunks:
            version.store.optimize()
            version.calibrate_if_due()
        if self.outdated:
            report.warnings.append(self._live.what_is_outdated())
        report.seconds = time.perf_counter() - started
        return report
