"""Which documents the index holds, in which revision: the file that decides what exists.

A revision's chunks are written before the manifest names it and deleted after the manifest has
stopped naming it. Between the two it stands in `pending`, so that a search can leave it out and a
run after a crash knows what to clean up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from crossover.indexer.disk import write_atomically
from crossover.indexer.document import DocumentRecord
from crossover.indexer.errors import EmbeddingMismatch, StoreError

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent view of the manifest.

    Attributes:
        documents: by id.
        pending: revisions that may have chunks in the store; of these only the ones in `documents` are live.
        embedding: the name of the model that made the vectors; "" before the first.
    """

    documents: Mapping[str, DocumentRecord] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    embedding: str = ""

    @property
    def hidden(self) -> frozenset[str]:
        """Revisions whose chunks must not be found: not yet committed, or replaced and not yet deleted."""
        if not self.pending:
            return self.pending
        return self.pending - {record.revision for record in self.documents.values()}

    @property
    def chunks(self) -> int:
        """How many chunks the documents have."""
        return sum(record.chunks for record in self.documents.values())

    @property
    def languages(self) -> frozenset[str]:
        """The languages of the documents."""
        return frozenset(record.language for record in self.documents.values())

    def require_model(self, name: str) -> None:
        """Refuse to mix vectors of two models: they live in different spaces, whatever their length.

        Raises:
            EmbeddingMismatch: the vectors were made by another model than `name`.
        """
        if self.embedding and self.embedding != name:
            raise EmbeddingMismatch(
                f"the index was built with the embedding model {self.embedding!r}, the setting is {name!r}; "
                "set CROSSOVER_EMBEDDING_MODEL back, or delete the index folder and index again"
            )


class Manifest:
    """The manifest on disk and its latest :class:`Snapshot`, which is replaced, never changed.

    Raises:
        StoreError: the file is no manifest, or one of a newer Crossover.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self.snapshot = Snapshot()
        self.refresh()

    def refresh(self) -> None:
        """Read the file again if another process has replaced it."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self.snapshot = self._read()
            self._stamp = stamp

    def begin(self, revisions: Iterable[str]) -> None:
        """Note the revisions that are about to be written or replaced."""
        self._write(replace(self.snapshot, pending=frozenset(revisions)))

    def commit(self, records: Iterable[DocumentRecord], embedding: str) -> None:
        """From here on these records are what the index holds of their documents."""
        documents = {**self.snapshot.documents, **{record.id: record for record in records}}
        self._write(replace(self.snapshot, documents=documents, embedding=embedding))

    def remove(self, ids: Iterable[str]) -> frozenset[str]:
        """Forget documents; the revisions they had, now pending."""
        gone = set(ids)
        revisions = frozenset(self.snapshot.documents[each].revision for each in gone)
        kept = {each: record for each, record in self.snapshot.documents.items() if each not in gone}
        embedding = self.snapshot.embedding if kept else ""
        self._write(Snapshot(kept, self.snapshot.pending | revisions, embedding))
        return revisions

    def settle(self) -> None:
        """Note that nothing is pending any more."""
        if self.snapshot.pending:
            self._write(replace(self.snapshot, pending=frozenset()))

    def _write(self, snapshot: Snapshot) -> None:
        content = {
            "format": _FORMAT,
            "embedding": snapshot.embedding,
            "pending": sorted(snapshot.pending),
            "documents": {each: _to_json(record) for each, record in sorted(snapshot.documents.items())},
        }
        write_atomically(self._path, json.dumps(content, ensure_ascii=False, indent=1).encode(errors="surrogatepass"))
        status = os.stat(self._path)  # noqa: PTH116 - the same call as in refresh, on the file just written
        self.snapshot = snapshot
        self._stamp = (status.st_mtime_ns, status.st_ino)

    def _read(self) -> Snapshot:
        try:
            content = json.loads(self._path.read_bytes().decode(errors="surrogatepass"))
            if content["format"] != _FORMAT:
                raise StoreError(
                    f"{self._path}: manifest format {content['format']}, and this Crossover reads {_FORMAT}; update it"
                )
            documents = {each: DocumentRecord(id=each, **record) for each, record in content["documents"].items()}
            return Snapshot(documents, frozenset(content["pending"]), content["embedding"])
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(
                f"{self._path}: not a readable manifest ({error}); delete {self._path.parent} and index again"
            ) from error


def _to_json(record: DocumentRecord) -> dict[str, object]:
    fields = asdict(record)
    del fields["id"]
    return fields
