"""Another embedding model: a new version beside the old one, which answers until the switch."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from crossover.indexer import rebuild
from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.vector_store.remote import RemoteStore
from crossover.indexer.versions import Versions

POSTED = Document("posted", "Posted", "Sent in by a request, with no file behind it.")


def contents(index: Index) -> dict[str, tuple[str, str, int]]:
    version = index.version
    chunks = version.store.read([record.revision for record in index.documents()])
    return {each.chunk.id: (each.chunk.document, each.chunk.text, len(each.dense)) for each in chunks}


@pytest.fixture
def built(settings: IndexerSettings, folder: Path, tiny_model: Path) -> IndexerSettings:
    """An index of the packaged model, and the settings that name another one."""
    with Index.open(settings, warm=False) as index:
        index.ingest_paths([folder])
        index.add([POSTED])
        (folder / "notes.txt").write_text("Tea is served on the third floor.\n")  # later than what is indexed
    return settings.model_copy(update={"embedding_model": str(tiny_model)})


def test_an_index_of_another_model_goes_on_with_its_own_and_says_so(built: IndexerSettings, folder: Path) -> None:
    with Index.open(built, warm=False) as index:
        assert index.outdated
        assert index.search("Who runs the Velmora office?")[0].document == "velmora.md"
        report = index.add([Document("more", "More", "Parcels arrive at the rear gate.")])
        assert "CROSSOVER" not in report.warnings[0] and "builds it anew" in report.warnings[0]
        assert index.search("Where do parcels arrive?")[0].document == "more"
        status = index.status()
        assert (status.version, status.embedding, status.setting) == (1, "all-MiniLM-L6-v2", built.embedding_model)


def test_a_rebuilt_index_equals_one_that_was_built_so_from_the_start(
    built: IndexerSettings, folder: Path, tmp_path: Path
) -> None:
    with Index.open(built, warm=False) as index:
        before = index.documents()
        assert index.rebuild()
        assert not index.outdated and not index.rebuild()
        after = index.documents()
        assert [(each.id, each.version, each.indexed_at) for each in after] == [
            (each.id, each.version, each.indexed_at) for each in before
        ]
        assert "blue tokens" in index.search("Which machine takes blue tokens?", k=5)[0].text  # as it was indexed
        report = index.ingest_paths([folder])
        assert (report.updated, len(report.unchanged)) == (["notes.txt"], 3)
        rebuilt = contents(index)
        status = index.status()
        assert (status.version, status.outdated) == (2, ["posted"])
    with Index.open(built.model_copy(update={"home": tmp_path / "clean"}), warm=False) as clean:
        clean.ingest_paths([folder])
        expected = contents(clean)
    assert {id_: rebuilt[id_] for id_ in expected} == expected
    assert [each[:2] for id_, each in rebuilt.items() if id_ not in expected] == [("posted", POSTED.text)]
    assert sorted(path.name for path in built.index_home.iterdir()) == [
        "lock",
        "manifest-v2.1.log",
        "manifest-v2.json",
        "manifest.current",
        "shard-v2",
    ]


def test_searches_go_on_and_writes_are_taken_along_while_a_new_version_is_built(
    built: IndexerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "_BATCH_CHUNKS", 1)
    with Index.open(built, warm=False) as index:
        answers: list[str] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                answers.extend(found.document for found in index.search("office", k=1))

        asking = threading.Thread(target=ask)
        asking.start()
        steps: list[int] = []

        def change(_: object) -> None:
            steps.append(index.status().version)
            if len(steps) == 3:
                index.delete("sorrin.md")
                index.add([Document("late", "Late", "The late office is new.")])

        assert index.rebuild(change)
        stop.set()
        asking.join()
        assert set(steps) == {1}
        assert [each.id for each in index.documents()] == [
            "late",
            "notes.txt",
            "posted",
            "rules/travel.md",
            "velmora.md",
        ]
        assert index.version.store.count() == sum(each.chunks for each in index.documents())
        assert len(answers) > 5


def test_an_interrupted_rebuild_leaves_the_old_version_and_goes_on_later(
    built: IndexerSettings, settings: IndexerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "_BATCH_CHUNKS", 1)

    def give_up(_: object) -> None:
        raise KeyboardInterrupt

    with Index.open(built, warm=False) as index, pytest.raises(KeyboardInterrupt):
        index.rebuild(give_up)
    with Index.open(built, warm=False) as index:
        assert (index.status().version, len(index.documents())) == (1, 5)
        steps: list[object] = []
        assert index.rebuild(steps.append)
        assert len(steps) == 4  # one of the five was there
    with Index.open(settings, warm=False) as back:  # and another change of mind
        assert back.rebuild()
        assert back.status().version == 3


def test_a_version_that_nobody_goes_on_with_is_deleted(
    built: IndexerSettings, settings: IndexerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "_BATCH_CHUNKS", 1)

    def give_up(_: object) -> None:
        raise KeyboardInterrupt

    with Index.open(built, warm=False) as index, pytest.raises(KeyboardInterrupt):
        index.rebuild(give_up)
    assert (settings.index_home / "shard-v2").exists()
    Index.open(settings, warm=False).close()
    assert not [path.name for path in settings.index_home.iterdir() if "-v2" in path.name]


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")
def test_on_a_qdrant_server_the_new_version_is_a_collection_of_its_own_and_other_processes_follow(
    settings: IndexerSettings, embedder: Embedder, tiny_model: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qdrant_client import QdrantClient

    client = QdrantClient(":memory:")
    monkeypatch.setattr(client, "close", lambda: None)  # both versions are in this one client
    versions = Versions(
        settings,
        "remote-1",
        lambda suffix, dimension: RemoteStore(client, f"papers{suffix}", dimension, "memory"),
        shared=True,
    )
    reader = Index(settings, versions, embedder)
    reader.ingest_paths([folder])
    writer = Index(settings, versions, Embedder(str(tiny_model)))
    assert writer.rebuild()
    assert [each.name for each in client.get_collections().collections] == ["papers-v2"]
    assert reader.search("Who runs the Velmora office?", k=6)
    assert (reader.status().version, reader.outdated) == (2, True)
    assert not (settings.index_home / "remote-1.json").exists()


def test_the_records_of_one_file_are_read_together(
    settings: IndexerSettings, folder: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f'{{"title": "Question {n}?", "text": "Answer {n} is number {n}."}}' for n in range(5)]
    (folder / "faq.jsonl").write_text("\n".join(rows) + "\n")
    with Index.open(settings, warm=False) as index:
        index.ingest_paths([folder / "faq.jsonl"])
        assert len(index.documents()) == 5
    read, files = rebuild.readers.read, list[Path]()

    def counted(path: Path, *rest: Any) -> Any:
        files.append(path)
        return read(path, *rest)

    monkeypatch.setattr(rebuild.readers, "read", counted)
    with Index.open(settings.model_copy(update={"embedding_model": str(tiny_model)}), warm=False) as index:
        assert index.rebuild()
    assert len(files) == 1


def test_a_question_under_way_while_versions_are_switched_is_asked_of_the_new_one(built: IndexerSettings) -> None:
    with Index.open(built, warm=False) as index:
        embedder = index.version.embedder
        query = embedder.query

        def switching(text: str) -> Any:
            embedder.query = query  # type: ignore[method-assign]
            assert index.rebuild()
            return query(text)

        embedder.query = switching  # type: ignore[method-assign]
        assert index.search("Who runs the Velmora office?")
        assert index.version.number == 2
