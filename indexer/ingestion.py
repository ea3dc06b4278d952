"""Documents into the index: changed? → chunk → embed → write → commit, a batch at a time.

A batch is begun in the manifest, then written, then committed, then what it replaced is deleted:
whenever the process dies, the manifest names whole documents only, old or new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from crossover.indexer import chunking
from crossover.indexer.chunking import Chunker
from crossover.indexer.document import Chunk, Document, DocumentRecord, Skipped, digest
from crossover.indexer.embedding import Embedder, sparse_document
from crossover.indexer.errors import DocumentCollision
from crossover.indexer.language import detect
from crossover.indexer.manifest import Manifest
from crossover.indexer.vector_store import StoredChunk, VectorStore

_BATCH_CHUNKS = 128  # a few seconds of embedding: what a crash costs
_EMBED = 64  # chunks between two words to the progress bar


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


ReportProgress = Callable[[Progress], None]


class Ingestion:
    """One run over some documents."""

    def __init__(self, manifest: Manifest, store: VectorStore, embedder: Embedder, chunk_tokens: int | None) -> None:
        self._manifest = manifest
        self._store = store
        self._embedder = embedder
        self._chunk_tokens = chunk_tokens
        self._moved: list[tuple[str, str]] = []
        self._looked_at = 0
        self.report = IngestionReport()

    def run(self, documents: Iterable[Document], progress: ReportProgress | None, total: int | None) -> IngestionReport:
        """Index what is new or changed; every finished batch stays, whatever happens to a later one.

        Raises:
            ValueError: a document without id, or two of the same id.
            EmbeddingMismatch: the index holds vectors of another model.
            IndexFull, StoreError: the batch at hand could not be written.
        """
        self._manifest.snapshot.require_model(self._embedder.name)
        batch: list[tuple[DocumentRecord, list[Chunk]]] = []
        refreshed: list[DocumentRecord] = []
        seen: set[str] = set()

        def tell(document: str) -> None:
            if progress:
                progress(Progress(self._looked_at, total, self.report.chunks, document))

        for document in documents:
            _require_new_id(document, seen)
            tell(document.id)
            known = self._manifest.snapshot.documents.get(document.id)
            record = self._record(document, known)
            if known and record.revision == known.revision:
                self.report.unchanged.append(document.id)
                kept = replace(known, source=record.source, metadata=record.metadata)
                refreshed += [kept] if kept != known else []
            elif chunks := self._chunker.chunk(document, record.revision):
                batch.append((replace(record, chunks=len(chunks)), chunks))
            else:
                self.report.skipped.append(Skipped(document.source or document.id, "no text in it"))
            self._looked_at += 1
            if sum(len(chunks) for _, chunks in batch) >= _BATCH_CHUNKS:
                self._write(batch, tell)
                batch = []
        self._write(batch, tell)
        if refreshed:
            self._manifest.commit(refreshed, self._manifest.snapshot.embedding)
        self._manifest.settle()
        self._warn_of_moves()
        return self.report

    def _write(self, batch: Sequence[tuple[DocumentRecord, list[Chunk]]], tell: Callable[[str], None]) -> None:
        if not batch:
            return
        self._store.require_room(sum(len(chunks) for _, chunks in batch))
        stored = list(self._embed(batch, tell))
        before = self._manifest.snapshot.documents
        replaced = {before[record.id].revision for record, _ in batch if record.id in before}
        self._manifest.begin({record.revision for record, _ in batch} | replaced)
        self._store.upsert(stored)
        self._manifest.commit([record for record, _ in batch], self._embedder.name)
        self._store.delete_revisions(replaced)
        for record, _ in batch:
            (self.report.updated if record.id in before else self.report.added).append(record.id)

    def _embed(
        self, batch: Sequence[tuple[DocumentRecord, list[Chunk]]], tell: Callable[[str], None]
    ) -> Iterator[StoredChunk]:
        pairs = [(record, chunk) for record, chunks in batch for chunk in chunks]
        for start in range(0, len(pairs), _EMBED):
            part = pairs[start : start + _EMBED]
            texts = [self._chunker.embedded_text(record.title, chunk) for record, chunk in part]
            vectors = self._embedder.documents(texts)
            self.report.chunks += len(part)
            tell(part[-1][0].id)
            for (record, chunk), text, vector in zip(part, texts, vectors, strict=True):
                yield StoredChunk(chunk, record.revision, vector, sparse_document(text, record.language))

    def _record(self, document: Document, known: DocumentRecord | None) -> DocumentRecord:
        content = document.content_hash
        revision = revision_of(document.id, content, self._chunk_tokens, self._embedder)
        if known and known.source != document.source and known.revision != revision:
            self._moved.append((document.id, known.source))
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

    def _warn_of_moves(self) -> None:
        if self._moved:
            document, source = self._moved[0]
            more = f" and {len(self._moved) - 1} more" if len(self._moved) > 1 else ""
            self.report.warnings.append(
                f"{document} (read from {source or 'a request'} before){more} replaced by a file of the same "
                "relative path elsewhere: equal relative paths are the same document"
            )

    @cached_property
    def _chunker(self) -> Chunker:
        limit = self._embedder.max_tokens
        return Chunker(min(self._chunk_tokens or limit, limit), self._embedder.count_tokens)


def revision_of(document: str, content_hash: str, chunk_tokens: int | None, embedder: Embedder) -> str:
    """The revision of a document of this content, cut and embedded as it would be now."""
    return digest(document, content_hash, f"{chunking.VERSION}/{chunk_tokens}/{embedder.name}")


def _require_new_id(document: Document, seen: set[str]) -> None:
    if not document.id.strip():
        raise ValueError(f"document {document.title!r}: its id is empty; give it one")
    if document.id in seen:
        raise DocumentCollision(f"{document.id}: two documents of this id in one run; give each its own")
    seen.add(document.id)
