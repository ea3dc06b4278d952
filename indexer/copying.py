"""An embedded index into a Qdrant server: the same chunks under the same ids, nothing embedded again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crossover.indexer.document import DocumentRecord
from crossover.indexer.errors import StoreError
from crossover.indexer.ingestion import Progress, ReportProgress
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.versions import IndexVersion

_BATCH_CHUNKS = 1024


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy holds, and how much of it this run sent."""

    url: str
    collection: str
    documents: int
    chunks: int
    sent: int


def copy_index(
    settings: IndexerSettings, url: str, *, wait: float = 0.0, progress: ReportProgress | None = None
) -> CopyReport:
    """Copy the embedded index of a home into the settings' collection at `url`; see :func:`copy_version`.

    Raises:
        IndexLocked: another process holds the embedded index.
        StoreError, ValueError: as :func:`copy_version`.
    """
    from crossover.indexer.index import Index
    from crossover.indexer.versions import Versions

    there = settings.model_copy(update={"qdrant_url": url})
    with Index.open(settings.model_copy(update={"qdrant_url": None}), warm=False, wait=wait) as index:
        source = index.version
        versions = Versions.remote(there)
        target = versions.open(versions.current, source.embedder)
        try:
            sent = copy_version(source, target, progress)
        finally:
            target.store.close()
        snapshot = source.manifest.snapshot
        return CopyReport(url, settings.qdrant_collection, len(snapshot.documents), snapshot.chunks, sent)


def copy_version(source: IndexVersion, target: IndexVersion, progress: ReportProgress | None = None) -> int:
    """Make `target` hold what `source` holds; the number of chunks that had to be sent.

    The copied documents can be searched once all have arrived and their ids were compared. An interrupted copy goes
    on where it was; a later one sends what has changed since.

    Raises:
        ValueError: the collection holds something else, which a copy would destroy, or vectors of another model.
        StoreError: the server failed, or holds other chunks afterwards.
    """
    wanted = source.manifest.snapshot
    records = {record.revision: record for record in wanted.documents.values()}
    before = target.manifest.snapshot
    present = target.store.revisions()
    ours = before.pending | {record.revision for record in before.documents.values()}
    if foreign := present.keys() - records.keys() - ours:
        others = sum(len(present[each]) for each in foreign)
        raise ValueError(
            f"the collection at the target holds {others} chunks of another index; "
            "name an empty one with CROSSOVER_QDRANT_COLLECTION"
        )
    if before.documents and before.embedding != wanted.embedding:
        raise ValueError(
            f"the collection at the target was built with the embedding model {before.embedding!r}, the index here "
            f"with {wanted.embedding!r}; name an empty collection with CROSSOVER_QDRANT_COLLECTION"
        )
    target.manifest.begin(records.keys() | ours)
    missing = [record for record in records.values() if len(present.get(record.revision, ())) != record.chunks]
    sent = done = 0
    for batch in _batches(missing):
        chunks = source.store.read([record.revision for record in batch])
        target.store.upsert(chunks)
        sent += len(chunks)
        done += len(batch)
        if progress:
            progress(Progress(done, len(missing), sent, batch[-1].id))
    _verify(source, target, set(records))
    target.manifest.commit(wanted.documents.values(), wanted.embedding)
    target.store.delete_revisions(ours - records.keys())  # while they are pending: an interrupted copy knows them
    target.forget([each for each in target.manifest.snapshot.documents if each not in wanted.documents])
    target.manifest.settle()
    return sent


def _verify(source: IndexVersion, target: IndexVersion, revisions: set[str]) -> None:
    here, there = source.store.revisions(), target.store.revisions()
    wrong = [each for each in revisions if here.get(each) != there.get(each)]
    if wrong:
        raise StoreError(f"{len(wrong)} documents did not arrive whole at the target; run the copy again")


def _batches(records: list[DocumentRecord]) -> Iterator[list[DocumentRecord]]:
    batch: list[DocumentRecord] = []
    for record in records:
        batch.append(record)
        if sum(each.chunks for each in batch) >= _BATCH_CHUNKS:
            yield batch
            batch = []
    if batch:
        yield batch
