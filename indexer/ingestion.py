"""Documents into the index: changed? → chunk → embed → write → commit, a batch at a time.

Reading and chunking, embedding, and writing run beside each other, each a little ahead of the next;
one thread, the caller's, writes. A batch is begun in the manifest, then written, then committed, then
what it replaced is deleted: whenever the process dies, the manifest names whole documents only, old or new.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from crossover.indexer.ahead import ahead, short_turns
from crossover.indexer.document import Document, DocumentRecord, Skipped
from crossover.indexer.embedding import Embedder
from crossover.indexer.errors import DocumentCollision
from crossover.indexer.manifest import Manifest
from crossover.indexer.preparation import Looked, Preparation
from crossover.indexer.vector_store import StoredChunk, VectorStore

_BATCH_CHUNKS = 128  # in the first batch: a few seconds of embedding, so that something can be found soon
_GROWTH = 4  # times as many in the later ones: what a crash costs, and what is sorted by length


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion is.

    Attributes:
        documents: looked at so far.
        total: to look at; None where it is not known.
        chunks: embedded so far.
        document: the one at hand.
    """

    documents: int
    total: int | None
    chunks: int
    document: str


@dataclass(slots=True)
class IngestionReport:
    """What an ingestion did: ids of documents, and what was left out.

    Attributes:
        chunks: embedded and written.
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    chunks: int = 0
    seconds: float = 0.0

    @property
    def indexed(self) -> set[str]:
        """The documents that are in the index as they were read."""
        return {*self.added, *self.updated, *self.unchanged}


ReportProgress = Callable[[Progress], None]


@runtime_checkable
class Engine(Protocol):
    """Looks at documents, and embeds those that changed, somewhere else than here."""

    def looked(self, known: Mapping[str, DocumentRecord]) -> Generator[Looked]:
        """What became of each document beside what the index knows, with the vectors of the changed ones."""


class Ingestion:
    """One run over some documents."""

    def __init__(self, manifest: Manifest, store: VectorStore, embedder: Embedder, chunk_tokens: int | None) -> None:
        self._manifest = manifest
        self._store = store
        self._name = embedder.name
        self._preparation = Preparation(embedder, chunk_tokens)
        self._refreshed: list[DocumentRecord] = []
        self._moved: list[tuple[str, str]] = []
        self._passed = 0  # documents that need no embedding
        self._embedded = 0.0  # documents, the one at hand in part
        self._chunks = 0
        self._stop = threading.Event()
        self.report = IngestionReport()

    def run(
        self, documents: Iterable[Document] | Engine, progress: ReportProgress | None, total: int | None
    ) -> IngestionReport:
        """Index what is new or changed; every finished batch stays, whatever happens to a later one.

        Args:
            documents: to be embedded here, or an engine that has them embedded elsewhere.
            progress: is called from several threads, one at a time.

        Raises:
            ValueError: a document without id, or two of the same id.
            EmbeddingMismatch: the index holds vectors of another model.
            EmbeddingServerError: the server of the embedding model does not do its work.
            IndexFull, StoreError: the batch at hand could not be written.
        """
        self._manifest.snapshot.require_model(self._name)
        telling = threading.Lock()

        def tell(document: str) -> None:
            if progress:
                with telling:
                    progress(Progress(self._passed + round(self._embedded), total, self._chunks, document))

        known = self._manifest.snapshot.documents
        looked = documents.looked(known) if isinstance(documents, Engine) else self._look(documents, tell)
        batches = ahead(_batches(self._changed(looked)), 1)
        with short_turns(), closing(ahead(self._pieces(batches, tell), 1, self._stop)) as pieces:
            for piece in pieces:
                self._write(piece)
        if self._refreshed:
            self._manifest.commit(self._refreshed, self._manifest.snapshot.embedding)
        self._manifest.settle()
        self._warn_of_moves()
        return self.report

    def _known(self, document: str) -> DocumentRecord | None:
        return self._manifest.snapshot.documents.get(document)

    def _look(self, documents: Iterable[Document], tell: Callable[[str], None]) -> Generator[Looked]:
        for document in documents:
            tell(document.id)
            yield self._preparation.look(document, self._known(document.id))

    def _changed(self, looked: Generator[Looked]) -> Generator[Looked]:
        """The documents that are new or changed; of the others, note what they are."""
        seen: set[str] = set()
        with closing(looked):
            for each in looked:
                self._check()
                _require_new_id(each.record, seen)
                record, known = each.record, self._known(each.record.id)
                if each.chunks:
                    if known and known.source != record.source:
                        self._moved.append((record.id, known.source))
                    yield each
                    continue
                self._passed += 1
                if each.changed:
                    self.report.skipped.append(Skipped(record.source or record.id, "no text in it"))
                else:
                    self.report.unchanged.append(record.id)
                    self._refreshed += [record] if record != known else []

    def _pieces(self, batches: Generator[list[Looked]], tell: Callable[[str], None]) -> Generator[_Piece]:
        """Whole documents in batches, each batch with its vectors in pieces, so that a huge document needs no room."""
        most = _GROWTH * _BATCH_CHUNKS
        with closing(batches):
            for batch in batches:
                pairs = [(looked.record, chunk) for looked in batch for chunk in looked.chunks]
                stored = [chunk for looked in batch for chunk in looked.stored or ()]
                self._store.require_room(len(pairs))

                def count(chunks: int, share: float = len(batch) / len(pairs), name: str = batch[-1].record.id) -> None:
                    self._chunks += chunks
                    self._embedded += chunks * share
                    tell(name)
                    self._check()

                records = [looked.record for looked in batch]
                for start in range(0, len(pairs), most):
                    piece = stored[start : start + most]
                    if piece:
                        count(len(piece))
                    else:
                        piece = self._preparation.stored(pairs[start : start + most], count)
                    yield _Piece(records, piece, start == 0, start + most >= len(pairs))

    def _check(self) -> None:
        if self._stop.is_set():
            raise InterruptedError("the run was stopped")

    def _write(self, piece: _Piece) -> None:
        before = self._manifest.snapshot.documents
        replaced = {before[record.id].revision for record in piece.records if record.id in before}
        if piece.first:
            self._manifest.begin({record.revision for record in piece.records} | replaced)
        self._store.upsert(piece.stored)
        self.report.chunks += len(piece.stored)
        if piece.last:
            self._manifest.commit(piece.records, self._name)
            self._store.delete_revisions(replaced)
            for record in piece.records:
                (self.report.updated if record.id in before else self.report.added).append(record.id)

    def _warn_of_moves(self) -> None:
        if self._moved:
            document, source = self._moved[0]
            more = f" and {len(self._moved) - 1} more" if len(self._moved) > 1 else ""
            self.report.warnings.append(
                f"{document} (read from {source or 'a request'} before){more} replaced by a file of the same "
                "relative path elsewhere: equal relative paths are the same document"
            )


@dataclass(frozen=True, slots=True)
class _Piece:
    """Chunks of a batch of documents, ready to be written.

    Attributes:
        records: of all documents of the batch.
        first: nothing of the batch has been written yet.
        last: with these chunks the batch is whole.
    """

    records: Sequence[DocumentRecord]
    stored: Sequence[StoredChunk]
    first: bool
    last: bool


def _batches(changed: Generator[Looked]) -> Generator[list[Looked]]:
    batch: list[Looked] = []
    size, enough = 0, _BATCH_CHUNKS
    with closing(changed):
        for looked in changed:
            batch.append(looked)
            size += len(looked.chunks)
            if size >= enough:
                yield batch
                batch, size, enough = [], 0, _GROWTH * _BATCH_CHUNKS
    if batch:
        yield batch


def _require_new_id(document: DocumentRecord, seen: set[str]) -> None:
    if not document.id.strip():
        raise ValueError(f"document {document.title!r}: its id is empty; give it one")
    if document.id in seen:
        raise DocumentCollision(f"{document.id}: two documents of this id in one run; give each its own")
    seen.add(document.id)
