"""The embedded index into a Qdrant server, here the vendor's own implementation of it in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from crossover.indexer import copying
from crossover.indexer.copying import copy_version
from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder
from crossover.indexer.errors import StoreError
from crossover.indexer.index import Index
from crossover.indexer.ingestion import Ingestion
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.vector_store.remote import RemoteStore
from crossover.indexer.versions import Versions

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")


@pytest.fixture
def source(settings: IndexerSettings, folder: Path) -> Iterator[Index]:
    with Index.open(settings, warm=False) as index:
        index.ingest_paths([folder])
        yield index


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    client = QdrantClient(":memory:")
    yield client
    client.close()


@pytest.fixture
def server(settings: IndexerSettings, client: QdrantClient) -> Versions:
    return Versions(
        settings,
        "remote-1",
        lambda suffix, dimension: RemoteStore(client, f"papers{suffix}", dimension, "memory"),
        shared=True,
    )


def test_a_copy_has_the_same_chunks_ids_and_vectors_and_answers_alike(
    source: Index, server: Versions, settings: IndexerSettings, embedder: Embedder
) -> None:
    target = server.open(1, embedder)
    assert copy_version(source.version, target) == 6
    revisions = [record.revision for record in source.documents()]
    for ours, theirs in zip(source.version.store.read(revisions), target.store.read(revisions), strict=True):
        assert (ours.chunk, ours.revision, ours.sparse) == (theirs.chunk, theirs.revision, theirs.sparse)
        assert theirs.dense == pytest.approx(ours.dense, abs=1e-6)
    there = Index(settings, server, embedder)
    assert there.documents() == source.documents()
    question = "Who runs the Velmora office?"
    assert [each.chunk for each in there.search(question)] == [each.chunk for each in source.search(question)]


def test_an_interrupted_copy_goes_on_and_shows_nothing_before_it_is_whole(
    source: Index, server: Versions, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_BATCH_CHUNKS", 1)
    target = server.open(1, embedder)

    def give_up(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_version(source.version, target, give_up)
    assert target.store.count() > 0
    assert target.retriever.search("Who runs the Velmora office?", 5).candidates == ()
    assert 0 < copy_version(source.version, target) < 6
    assert target.store.count() == 6


def test_a_later_copy_sends_what_has_changed_and_takes_away_what_is_gone(
    source: Index, server: Versions, embedder: Embedder
) -> None:
    target = server.open(1, embedder)
    copy_version(source.version, target)
    source.delete("sorrin.md")
    source.add([Document("notes.txt", "Notes", "Tea is served on the third floor.")])
    assert copy_version(source.version, target) == 1
    assert target.store.revisions() == source.version.store.revisions()
    assert target.manifest.snapshot == source.version.manifest.snapshot


def test_a_collection_with_something_else_in_it_is_left_alone(
    source: Index, server: Versions, embedder: Embedder, tmp_path: Path
) -> None:
    other = Index(IndexerSettings(home=tmp_path / "other"), server, embedder)
    other.add([Document("theirs", "Theirs", "The orchard is closed.")])
    server.open(1, embedder).manifest.unlink()  # as seen from a home that knows nothing of it
    with pytest.raises(ValueError, match="CROSSOVER_QDRANT_COLLECTION"):
        copy_version(source.version, server.open(1, embedder))
    assert server.open(1, embedder).store.count() == 1


def test_a_collection_of_another_model_is_left_alone(source: Index, server: Versions, tiny_model: Path) -> None:
    there = server.open(1, Embedder(str(tiny_model)))
    Ingestion(there.manifest, there.store, there.embedder, None).run([Document("notes.txt", "N", "Tea.")], None, None)
    with pytest.raises(ValueError, match="CROSSOVER_QDRANT_COLLECTION"):
        copy_version(source.version, server.open(1, Embedder()))


def test_chunks_that_did_not_arrive_are_noticed(
    source: Index, server: Versions, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = server.open(1, embedder)
    upsert = target.store.upsert
    monkeypatch.setattr(target.store, "upsert", lambda chunks: upsert(chunks[1:]))
    with pytest.raises(StoreError, match="did not arrive whole"):
        copy_version(source.version, target)
    assert not target.manifest.snapshot.documents
