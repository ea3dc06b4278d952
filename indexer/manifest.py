"""Which documents the index holds, in which revision: the file that decides what exists.

A revision's chunks are written before the manifest names it and deleted after the manifest has
stopped naming it. Between the two it stands in `pending`, so that a search can leave it out and a
run after a crash knows what to clean up.

On disk it is a snapshot and a log of the changes since, one JSON line each, synced before it counts:
a commit costs what it changes, not what the index holds.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crossover.indexer.disk import append_durably, write_atomically
from crossover.indexer.document import DocumentRecord
from crossover.indexer.errors import EmbeddingMismatch, StoreError

_FORMAT = 2  # 1 had no log
_FOLD = 1 << 20  # bytes of log, at least, before it is folded into the snapshot


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent view of the manifest.

    Attributes:
        documents: by id.
        pending: revisions that may have chunks in the store; of these only the ones in `documents` are live.
        embedding: the name of the model that made the vectors; "" before the first.
        hidden: revisions whose chunks must not be found: not yet committed, or replaced and not yet deleted.
        languages: of the documents.
        chunks: how many the documents have.
    """

    documents: Mapping[str, DocumentRecord] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    embedding: str = ""
    hidden: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    chunks: int = 0

    def require_model(self, name: str) -> None:
        """Refuse to mix vectors of two models: they live in different spaces, whatever their length.

        Raises:
            EmbeddingMismatch: the vectors were made by another model than `name`.
        """
        if self.embedding and self.embedding != name:
            raise EmbeddingMismatch(
                f"the index was built with the embedding model {self.embedding!r}, these vectors are of {name!r}; "
                "rebuild the index, or set CROSSOVER_EMBEDDING_MODEL back"
            )


class Manifest:
    """The manifest on disk and its latest :class:`Snapshot`, which is replaced, never changed.

    Raises:
        StoreError: the file is no manifest, or one of a newer Crossover.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.RLock()  # searches refresh it while a writer writes
        self._stamp: tuple[int, int] | None = None
        self._clear()
        self._publish()
        self.refresh()

    def refresh(self) -> None:
        """Read what another process has changed."""
        with self._turn:
            while stamp := self._stat():
                before = (self._stamp, self._log, self._offset)
                if stamp != self._stamp:
                    self._load()
                    self._stamp = stamp
                self._replay()
                if before != (self._stamp, self._log, self._offset):
                    self._publish()
                if self._stat() == stamp:  # else folded meanwhile, and the log that was read may be gone
                    return

    def begin(self, revisions: Iterable[str]) -> None:
        """Note the revisions that are about to be written or replaced."""
        self._write({"pending": sorted(revisions)})

    def commit(self, records: Iterable[DocumentRecord], embedding: str) -> None:
        """From here on these records are what the index holds of their documents."""
        self._write({"documents": {record.id: _to_json(record) for record in records}, "embedding": embedding})

    def remove(self, ids: Iterable[str]) -> frozenset[str]:
        """Forget documents; the revisions they had, now pending."""
        gone = sorted(set(ids))
        revisions = frozenset(self._documents[each].revision for each in gone)
        self._write({"gone": gone, "pending": sorted(self.snapshot.pending | revisions)})
        return revisions

    def settle(self) -> None:
        """Note that nothing is pending any more."""
        if self.snapshot.pending:
            self._write({"pending": []})

    def unlink(self) -> None:
        """Delete the manifest, and with it the index's memory of its documents."""
        self._path.unlink(missing_ok=True)
        self._log_file.unlink(missing_ok=True)

    def _write(self, change: dict[str, Any]) -> None:
        """Make a change durable, then visible."""
        with self._turn:
            if self._stamp is None or self._offset > max(_FOLD, self._size):
                self._apply(change)
                self._fold()
            else:
                line = json.dumps(change, ensure_ascii=False).encode(errors="surrogatepass") + b"\n"
                append_durably(self._log_file, line, self._offset)
                self._offset += len(line)
                self._apply(change)
            self._publish()

    def _fold(self) -> None:
        """Everything into a new snapshot, and a new log begins."""
        content = {
            "format": _FORMAT,
            "log": self._log + 1,
            "embedding": self._embedding,
            "pending": sorted(self._pending),
            "documents": {each: _to_json(record) for each, record in sorted(self._documents.items())},
        }
        data = json.dumps(content, ensure_ascii=False).encode(errors="surrogatepass")
        old, new = self._log_file, self._path.with_suffix(f".{self._log + 1}.log")
        try:
            new.unlink(missing_ok=True)  # of a manifest that somebody deleted
            write_atomically(self._path, data)
        except BaseException:
            self._stamp = None  # what is in memory is ahead of the disk: read again
            self._clear()
            self.refresh()
            raise
        self._log += 1
        self._offset, self._size = 0, len(data)
        self._stamp = self._stat()
        old.unlink(missing_ok=True)

    def _load(self) -> None:
        self._clear()
        try:
            data = self._path.read_bytes()
            content = json.loads(data.decode(errors="surrogatepass"))
            if content["format"] not in (1, _FORMAT):
                raise StoreError(
                    f"{self._path}: manifest format {content['format']}, and this Crossover reads {_FORMAT}; update it"
                )
            self._apply({key: content[key] for key in ("documents", "pending", "embedding")})
            self._log = int(content.get("log", 0))
            self._size = len(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"{self._path}: not a readable manifest ({error}); delete {self._path.parent} and index again"
            ) from error

    def _replay(self) -> None:
        """Apply what the log has beyond what is known; a last line without its end was never finished."""
        try:
            with self._log_file.open("rb") as file:
                file.seek(self._offset)
                lines = file.read().splitlines(keepends=True)
        except FileNotFoundError:
            return
        for line in lines:
            try:
                change = json.loads(line.decode(errors="surrogatepass")) if line.endswith(b"\n") else None
            except ValueError:
                change = None
            if change is None:
                break
            self._apply(change)
            self._offset += len(line)

    def _clear(self) -> None:
        self._documents: dict[str, DocumentRecord] = {}
        self._pending: frozenset[str] = frozenset()
        self._live: set[str] = set()  # revisions of the documents
        self._languages: Counter[str] = Counter()
        self._chunks = 0
        self._embedding = ""
        self._log = 0  # the number of the log file
        self._offset = 0  # of what is known of it
        self._size = 0  # of the snapshot

    def _apply(self, change: Mapping[str, Any]) -> None:
        for id_ in [*change.get("gone", ()), *change.get("documents", ())]:
            if record := self._documents.pop(id_, None):
                self._live.discard(record.revision)
                self._languages[record.language] -= 1
                self._chunks -= record.chunks
        for id_, fields in change.get("documents", {}).items():
            record = self._documents[id_] = DocumentRecord(id=id_, **fields)
            self._live.add(record.revision)
            self._languages[record.language] += 1
            self._chunks += record.chunks
        self._pending = frozenset(change.get("pending", self._pending))
        self._embedding = change.get("embedding", self._embedding)

    def _publish(self) -> None:
        self.snapshot = Snapshot(
            dict(self._documents),
            self._pending,
            self._embedding,
            hidden=self._pending - self._live,
            languages=frozenset(+self._languages),
            chunks=self._chunks,
        )

    @property
    def _log_file(self) -> Path:
        return self._path.with_suffix(f".{self._log}.log")

    def _stat(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_ino


def _to_json(record: DocumentRecord) -> dict[str, object]:
    fields = asdict(record)
    del fields["id"]
    return fields
