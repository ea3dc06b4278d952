"""The versions of an index: one answers, the next is built beside it, and a small file says which is which.

Version 1 has the plain names, `manifest.json` and `shard`; version n `manifest-vN.json` and `shard-vN`. On a Qdrant
server the collections are named likewise. The manifest is deleted last: while it is there, its store may be.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crossover.indexer.disk import bytes_on_disk, write_atomically
from crossover.indexer.document import Chunk, DocumentRecord, Passage, chunk_id
from crossover.indexer.embedding import PACKAGED, Embedder
from crossover.indexer.errors import IndexFull, StoreError
from crossover.indexer.manifest import Manifest
from crossover.indexer.reranker import Reranker
from crossover.indexer.retriever import Retriever
from crossover.indexer.section import section_of
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.trust import Trust, TrustFile, measure_languages
from crossover.indexer.vector_store import VectorStore

_log = logging.getLogger(__name__)

MakeStore = Callable[[str, Callable[[], int]], VectorStore]
"""From the suffix of a version and the dimension of its vectors to its store."""


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """One version, open: what its documents are, where their chunks are, and the model that made the vectors."""

    number: int
    manifest: Manifest
    store: VectorStore
    embedder: Embedder
    retriever: Retriever
    trust: TrustFile

    def recover(self, *, owned: bool) -> None:
        """Bring store and manifest together after a crash: what the manifest does not name goes.

        Args:
            owned: nobody else writes to the store, so that what no manifest knows is rubbish.
        """
        try:
            self.store.delete_revisions(self.manifest.snapshot.hidden)
            self.manifest.settle()
        except IndexFull as error:  # hidden they stay, and the rest can be searched
            _log.warning("leftovers of an interrupted run stay for now: %s", error)
            return
        snapshot = self.manifest.snapshot
        if self.store.count() == snapshot.chunks:
            return
        stored = self.store.revisions()
        if owned:
            self.store.delete_revisions(stored.keys() - {record.revision for record in snapshot.documents.values()})
        broken = [record.id for record in snapshot.documents.values() if not _is_whole(record, stored)]
        if broken:
            _log.warning("%d documents lack chunks and must be indexed again, %s first", len(broken), broken[0])
            self.forget(broken)

    def calibrate(self) -> dict[str, Trust]:
        """Measure how far the model can be trusted in each language of the documents, and keep to it."""
        found = measure_languages(self.embedder, self.manifest.snapshot, self.store)
        self.trust.keep(self.embedder.name, found)
        return found

    def calibrate_if_due(self) -> None:
        """The same for the languages that were not measured yet, or on far fewer chunks."""
        self.trust.update(self.embedder, self.manifest.snapshot, self.store)

    def section(self, passage: Passage, around: int) -> str:
        """The text of a passage with its neighbours under the same headings, `around` before and after at most."""
        record = self.manifest.snapshot.documents.get(passage.document)
        return section_of(passage, record, self.store.fetch, around)

    def chunks(self) -> Iterator[Chunk]:
        """The chunks of the documents as they are, in no order that says anything."""
        live = {record.revision for record in self.manifest.snapshot.documents.values()}
        return (hit.chunk for hit, _ in self.store.chunks() if hit.revision in live)

    def forget(self, ids: list[str]) -> None:
        """Delete documents with all their chunks: gone for every search once the manifest is written."""
        if ids:
            self.store.delete_revisions(self.manifest.remove(ids))
            self.store.optimize()
            self.manifest.settle()


class Versions:
    """The versions of the index that has its manifests at `home`/`name`*.json."""

    def __init__(self, settings: IndexerSettings, name: str, make_store: MakeStore, *, shared: bool = False) -> None:
        self._settings = settings
        self._home = settings.index_home
        self._name = name
        self._make_store = make_store
        self.shared = shared  # other processes may write to it

    @classmethod
    def embedded(cls, settings: IndexerSettings) -> Versions:
        """Of the index in this process."""
        from crossover.indexer.vector_store.edge import EdgeStore

        home = settings.index_home
        return cls(settings, "manifest", lambda suffix, dimension: EdgeStore(home / f"shard{suffix}", dimension))

    @classmethod
    def remote(cls, settings: IndexerSettings) -> Versions:
        """Of the index on the Qdrant server that the settings name: one a server and collection."""
        from crossover.indexer.vector_store.remote import RemoteStore, connect

        url, collection = settings.qdrant_url or "", settings.qdrant_collection
        key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
        name = hashlib.sha256(f"{settings.qdrant_url}\0{collection}".encode()).hexdigest()[:12]
        return cls(
            settings,
            f"remote-{name}",
            lambda suffix, dimension: RemoteStore(connect(url, key), f"{collection}{suffix}", dimension, url),
            shared=True,
        )

    @property
    def current(self) -> int:
        """The number of the version that answers."""
        try:
            return int((self._home / f"{self._name}.current").read_text(encoding="ascii"))
        except FileNotFoundError:
            return 1
        except ValueError as error:
            raise StoreError(f"{self._home / self._name}.current: expected the number of a version") from error

    def switch(self, number: int) -> None:
        """From here on this version answers, in every process."""
        write_atomically(self._home / f"{self._name}.current", f"{number}\n".encode("ascii"))

    def exists(self, number: int) -> bool:
        """Whether a version was begun and not dropped."""
        return self._manifest_file(number).exists()

    def model(self, number: int) -> str:
        """The name of the embedding model of a version; "" while it is empty."""
        return Manifest(self._manifest_file(number)).snapshot.embedding

    def open(self, number: int, embedder: Embedder) -> IndexVersion:
        """A version, with `embedder` where it was built with that model or is still empty, else with its own."""
        manifest = Manifest(self._manifest_file(number))
        built_with = manifest.snapshot.embedding or embedder.name
        if built_with != embedder.name:
            embedder = Embedder(None if built_with == PACKAGED else built_with)
        store = self._make_store(_suffix(number), lambda: embedder.dimension)
        refresh = manifest.refresh if self.shared else lambda: None
        trust = TrustFile.beside(self._settings)
        reranker = Reranker(self._settings.reranker) if self._settings.reranker else None
        retriever = Retriever(manifest, store, embedder, refresh, trust, reranker)
        return IndexVersion(number, manifest, store, embedder, retriever, trust)

    def drop(self, number: int) -> None:
        """Delete a version that does not answer; a kill in the middle leaves it to be dropped again."""
        manifest = Manifest(self._manifest_file(number))
        store = self._make_store(_suffix(number), lambda: 0)
        store.drop()
        store.close()
        manifest.unlink()

    def size(self, number: int) -> int | None:
        """Bytes on disk of manifest and shard; None on a server."""
        if self.shared:
            return None
        return bytes_on_disk(self._manifest_file(number)) + bytes_on_disk(self._home / f"shard{_suffix(number)}")

    def _manifest_file(self, number: int) -> Path:
        return self._home / f"{self._name}{_suffix(number)}.json"


def _suffix(number: int) -> str:
    return "" if number == 1 else f"-v{number}"


def _is_whole(record: DocumentRecord, stored: dict[str, set[str]]) -> bool:
    expected = {chunk_id(record.id, record.revision, ordinal) for ordinal in range(record.chunks)}
    return stored.get(record.revision, set()) == expected
