"""The whole index under another embedding model: a new version, filled beside the one that answers.

Each document is read again from its file where that has not changed, so that it is cut for the new model. One
that was posted, or whose file is gone, keeps the chunks that are stored, embedded again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from crossover.indexer import readers
from crossover.indexer.chunking import Chunker
from crossover.indexer.document import Chunk, Document, DocumentRecord, chunk_id, digest
from crossover.indexer.embedding import sparse_document
from crossover.indexer.errors import ReadError, StoreError
from crossover.indexer.ingestion import Ingestion, Progress, ReportProgress
from crossover.indexer.live import LiveVersion
from crossover.indexer.lock import WriterTurns
from crossover.indexer.preparation import chunker_for
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.vector_store import StoredChunk
from crossover.indexer.versions import IndexVersion

_BATCH_CHUNKS = 128  # documents can be added and deleted between two batches
_YIELD = 0.01  # seconds between two batches, for those who wait to write
_PATIENCE = 60.0  # seconds that a batch waits for a writer in another process


def rebuild(live: LiveVersion, turns: WriterTurns, settings: IndexerSettings, progress: ReportProgress | None) -> bool:
    """Fill a new version, a batch in each of the writer's turns, and switch to it; False where it was interrupted.

    Raises:
        IndexFull, IndexLocked, StoreError: the new version cannot be written now.
    """
    with turns.take(_PATIENCE):
        live.catch_up()
        old, new = live.follow(), live.begin_next()
    work = Rebuild(old, new, settings)
    try:
        while not turns.closed:
            with turns.take(_PATIENCE):
                live.catch_up()
                if live.follow() is not old:  # another process was quicker
                    break
                new.manifest.refresh()  # or fills it too
                if not work.step():
                    live.switch(new)
                    return True
            if progress:
                progress(work.progress())
            time.sleep(_YIELD)
    except StoreError:
        if not turns.closed:
            raise
    finally:
        if live.follow() is not new:
            new.store.close()
    return False


class Rebuild:
    """Fills `new` with the documents of `old`, which may change meanwhile."""

    def __init__(self, old: IndexVersion, new: IndexVersion, settings: IndexerSettings) -> None:
        self._old = old
        self._new = new
        self._settings = settings
        self._todo: list[str] = []
        self._file: tuple[object, dict[str, Document]] = (None, {})  # read last: its records come one after another

    def step(self) -> bool:
        """Move one batch; False where both versions hold the same documents already."""
        if not self._todo:
            self._todo = sorted(self._differing(), reverse=True)
        if not self._todo:
            return False
        before, after = self._old.manifest.snapshot.documents, self._new.manifest.snapshot.documents
        batch: list[DocumentRecord] = []
        gone: list[str] = []
        while self._todo and sum(record.chunks for record in batch) < _BATCH_CHUNKS:
            id_ = self._todo.pop()
            if record := before.get(id_):
                batch.append(record)
            elif id_ in after:
                gone.append(id_)
        self._new.forget(gone)
        self._move(batch)
        return True

    def progress(self) -> Progress:
        """How far it is."""
        done, whole = self._new.manifest.snapshot, self._old.manifest.snapshot
        return Progress(len(done.documents), len(whole.documents), done.chunks, self._new.embedder.name)

    def _differing(self) -> Iterator[str]:
        before, after = self._old.manifest.snapshot.documents, self._new.manifest.snapshot.documents
        yield from after.keys() - before.keys()
        for id_, record in before.items():
            moved = after.get(id_)
            if moved is None or replace(moved, revision=record.revision, chunks=record.chunks) != record:
                yield id_

    def _move(self, batch: Sequence[DocumentRecord]) -> None:
        read = [document for record in batch if (document := self._read_again(record))]
        if read:
            new, budget = self._new, self._settings.chunk_tokens
            Ingestion(new.manifest, new.store, new.embedder, budget).run(read, None, None)
        cut = self._new.manifest.snapshot.documents
        fresh = {document.id for document in read if document.id in cut}
        kept = [
            replace(record, revision=cut[record.id].revision, chunks=cut[record.id].chunks)
            for record in batch
            if record.id in fresh
        ]
        if kept:  # as old as they are: only the vectors are new
            self._new.manifest.commit(kept, self._new.embedder.name)
        self._embed_again([record for record in batch if record.id not in fresh])

    def _embed_again(self, batch: Sequence[DocumentRecord]) -> None:
        if not batch:
            return
        new, known = self._new, self._new.manifest.snapshot.documents
        by_revision = {record.revision: record for record in batch}
        chunks: dict[str, list[Chunk]] = {record.id: [] for record in batch}
        for stored in self._old.store.read(by_revision):
            record = by_revision[stored.revision]
            revision = digest(record.revision, new.embedder.name)
            for piece in self._fitting(record.title, stored.chunk):
                ordinal = len(chunks[record.id])
                chunks[record.id].append(replace(piece, id=chunk_id(record.id, revision, ordinal), ordinal=ordinal))
        records = [
            replace(record, revision=digest(record.revision, new.embedder.name), chunks=len(chunks[record.id]))
            for record in batch
        ]
        pairs = [(record, chunk) for record in records for chunk in chunks[record.id]]
        texts = [self._chunker.embedded_text(record.title, chunk) for record, chunk in pairs]
        vectors = new.embedder.documents(texts)
        replaced = {known[record.id].revision for record in records if record.id in known}
        new.store.require_room(len(pairs))
        new.manifest.begin({record.revision for record in records} | replaced)
        new.store.upsert(
            [
                StoredChunk(chunk, record.revision, vector, sparse_document(text, record.language))
                for (record, chunk), text, vector in zip(pairs, texts, vectors, strict=True)
            ]
        )
        new.manifest.commit(records, new.embedder.name)
        new.store.delete_revisions(replaced - {record.revision for record in records})
        new.manifest.settle()

    def _fitting(self, title: str, chunk: Chunk) -> list[Chunk]:
        """The chunk, or its pieces where the new model reads less at once than the old one."""
        embedder = self._new.embedder
        if embedder.count_tokens(self._chunker.embedded_text(title, chunk)) <= self._chunker.budget:
            return [chunk]
        above = " > ".join([title, *chunk.heading])
        pieces = self._chunker.chunk(Document(chunk.document, above, chunk.text, metadata={"format": "text"}), "")
        return [replace(piece, heading=chunk.heading) for piece in pieces]

    def _read_again(self, record: DocumentRecord) -> Document | None:
        """The document from its file; None where that is gone or holds something else by now."""
        root, path = record.metadata.get("root"), Path(record.source)
        if not path.is_file():
            return None
        file = record.metadata.get("file", record.id)
        try:
            known = (path, file, root, path.stat().st_mtime_ns)
            if known != self._file[0]:
                found = readers.read(path, file, Path(root) if root else None, self._settings.reading)
                self._file = (known, {each.id: each for each in found if isinstance(each, Document)})
        except (ReadError, OSError):
            return None
        document = self._file[1].get(record.id)
        return document if document and document.content_hash == record.content_hash else None

    @cached_property
    def _chunker(self) -> Chunker:
        return chunker_for(self._new.embedder, self._settings.chunk_tokens)
