from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossover.indexer import ingestion
from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder
from crossover.indexer.errors import DocumentCollision, IndexLocked, ReadError
from crossover.indexer.index import Index
from crossover.indexer.ingestion import Progress
from crossover.indexer.settings import IndexerSettings


def test_what_was_added_is_found_with_its_source_title_and_scores(index: Index, folder: Path) -> None:
    report = index.ingest_paths([folder])
    assert (len(report.added), report.chunks, report.skipped) == (4, 6, [])
    best = index.search("Who runs the Velmora office?", k=2)[0]
    assert (best.document, best.title, best.heading) == ("velmora.md", "Velmora - Staff", ("Velmora", "Staff"))
    assert best.text == "Anna Tovan runs the Velmora office."
    assert best.source == str(folder / "velmora.md")
    assert best.score == pytest.approx(1.0)
    assert best.dense is not None and 0.5 < best.dense <= 1.0
    assert best.sparse is not None and best.sparse > 0


def test_a_second_run_over_unchanged_files_embeds_nothing(index: Index, folder: Path) -> None:
    index.ingest_paths([folder])
    (folder / "velmora.md").touch()
    again = index.ingest_paths([folder])
    assert (again.chunks, len(again.unchanged)) == (0, 4)
    assert (again.added, again.updated) == ([], [])
    assert {record.version for record in index.documents()} == {1}


def test_a_changed_document_alone_is_embedded_and_its_old_text_is_gone(index: Index, folder: Path) -> None:
    index.ingest_paths([folder])
    (folder / "velmora.md").write_text("# Velmora\n\nCarl Ennis runs the Velmora office.\n")
    report = index.ingest_paths([folder])
    assert (report.updated, report.chunks, len(report.unchanged)) == (["velmora.md"], 1, 3)
    texts = [passage.text for passage in index.search("Who runs the Velmora office?", k=10)]
    assert "Carl Ennis runs the Velmora office." in texts
    assert not [text for text in texts if "Anna Tovan" in text]
    record = next(record for record in index.documents() if record.id == "velmora.md")
    assert (record.version, record.chunks) == (2, 1)


def test_deleting_takes_every_chunk_at_once(index: Index, folder: Path) -> None:
    index.ingest_paths([folder])
    assert index.delete("velmora.md")
    assert not index.delete("velmora.md")
    assert "velmora.md" not in [passage.document for passage in index.search("Velmora", k=10)]
    assert index.version.store.count() == 4


def test_pruning_deletes_what_came_from_the_folder_and_is_gone(index: Index, folder: Path) -> None:
    index.ingest_paths([folder])
    index.add([Document("posted", "Posted", "Sent in by a request.")])
    (folder / "sorrin.md").unlink()
    (folder / "notes.txt").write_bytes(b"%PDF-")
    assert index.ingest_paths([folder]).deleted == []
    report = index.ingest_paths([folder], prune=True)
    assert report.deleted == ["sorrin.md"]
    # A file that can't be read for the moment is there still, and so is what was read from it.
    assert [record.id for record in index.documents()] == ["notes.txt", "posted", "rules/travel.md", "velmora.md"]


def test_in_a_folder_an_unreadable_file_is_reported_and_the_rest_indexed(index: Index, folder: Path) -> None:
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7")
    report = index.ingest_paths([folder])
    assert [(Path(skipped.path).name, "PDF" in skipped.reason) for skipped in report.skipped] == [("scan.pdf", True)]
    assert len(report.added) == 4


def test_files_named_themselves_are_refused_only_where_none_can_be_read(index: Index, folder: Path) -> None:
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7")
    with pytest.raises(ReadError, match=r"scan\.pdf: a PDF"):
        index.ingest_paths([folder / "scan.pdf"])
    assert index.documents() == []
    report = index.ingest_paths([folder / "scan.pdf", folder / "velmora.md"])
    assert (report.added, [Path(skipped.path).name for skipped in report.skipped]) == (["velmora.md"], ["scan.pdf"])


def test_records_that_their_file_no_longer_has_are_pruned_but_not_those_of_a_file_that_cannot_be_read(
    index: Index, folder: Path
) -> None:
    faq = folder / "faq.jsonl"
    faq.write_text('{"id": "a", "text": "One office"}\n{"id": "b", "text": "Two offices"}\n')
    assert [each for each in index.ingest_paths([folder]).added if "faq" in each] == ["faq.jsonl#a", "faq.jsonl#b"]
    faq.write_text('{"id": "a", "text": "One office"}\n')
    assert index.ingest_paths([folder], prune=True).deleted == ["faq.jsonl#b"]
    faq.write_bytes(b"\x89PNG")
    assert index.ingest_paths([folder], prune=True).deleted == []
    faq.unlink()
    assert index.ingest_paths([folder], prune=True).deleted == ["faq.jsonl#a"]


def test_the_same_path_in_another_folder_is_the_same_document_and_is_said(index: Index, folder: Path) -> None:
    index.ingest_paths([folder])
    other = folder.parent / "v2"
    other.mkdir()
    (other / "velmora.md").write_text("# Velmora\n\nCarl Ennis runs it.\n")
    report = index.ingest_paths([other])
    assert report.updated == ["velmora.md"]
    assert "velmora.md" in report.warnings[0] and str(folder) in report.warnings[0]


def test_two_documents_of_one_id_and_one_without_are_refused(index: Index) -> None:
    with pytest.raises(DocumentCollision, match="two documents of this id"):
        index.add([Document("a", "A", "x"), Document("a", "A", "y")])
    with pytest.raises(ValueError, match="id is empty"):
        index.add([Document(" ", "A", "x")])


def test_progress_tells_documents_chunks_and_the_total(index: Index, documents: list[Document]) -> None:
    told: list[Progress] = []
    index.add(documents, told.append)
    assert told[0] == Progress(0, 4, 0, "velmora.md")
    assert (told[-1].documents, told[-1].chunks) == (4, 6)


def test_an_interrupt_stops_every_stage_and_keeps_the_batches_before_it(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion, "_BATCH_CHUNKS", 2)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored

    def endless() -> Iterator[Document]:
        for n in itertools.count():
            if n == 60:
                signal.raise_signal(signal.SIGINT)
            yield Document(f"d{n}", f"D{n}", f"The office number {n} lies by the river.")

    with pytest.raises(KeyboardInterrupt):
        index.add(endless())
    signal.signal(signal.SIGINT, before)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("ahead", "embedding"))]
    kept = len(index.documents())
    assert kept > 0
    assert index.add([Document("d0", "D0", "The office number 0 lies by the river.")]).unchanged == ["d0"]


def test_a_text_that_two_documents_share_comes_once(index: Index) -> None:
    index.add([Document("a", "Rules", "Badges are blue."), Document("b", "Rules", "Badges  are\nblue.")])
    assert len(index.search("Which colour are badges?", k=5)) == 1


@pytest.mark.parametrize(("query", "k", "message"), [(" ", 5, "the question is empty"), ("x", 0, "0 passages")])
def test_an_empty_question_and_no_passages_are_refused(index: Index, query: str, k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        index.search(query, k)


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert index.search("anything") == []


def test_each_language_is_found_by_its_own_words(index: Index) -> None:
    index.add(
        [
            Document("en", "Office", "The Velmora office opens at nine in the morning and closes at five."),
            Document("ru", "Офис", "Офис в Велморе открывается в девять часов утра и закрывается в пять."),
            Document("zh", "办公室", "维尔莫拉办公室早上九点开门，下午五点关门。"),
            Document("es", "Oficina", "La oficina de Velmora abre a las nueve de la mañana y cierra a las cinco."),
        ]
    )
    assert {record.id: record.language for record in index.documents()} == {
        id_: id_ for id_ in ("en", "es", "ru", "zh")
    }
    assert index.search("Когда закрываются офисы?")[0].document == "ru"
    assert index.search("办公室几点关门？")[0].document == "zh"
    assert index.search("¿Cuándo cierran las oficinas?")[0].document == "es"
    assert index.search("When do offices close?")[0].document == "en"


@pytest.mark.parametrize("store", ["edge", "server"], indirect=True)  # the in-memory client is for one thread
def test_a_search_never_sees_half_a_document_while_it_is_replaced(index: Index) -> None:
    """Each version has three chunks with its number; whoever searches must see three of one version."""

    def version(n: int) -> Document:
        parts = (f"## Part {part}\n\nThe marrow wheel number {n} has part {part}.\n" for part in range(3))
        return Document("wheel", "Wheel", "\n".join(parts))

    index.add([version(0)])
    stop = threading.Event()
    seen: list[list[str]] = []

    def look() -> None:
        while not stop.is_set():
            seen.append(sorted(passage.text for passage in index.search("Which parts has the marrow wheel?", k=10)))

    watchers = [threading.Thread(target=look) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        for n in range(1, 12):
            index.add([version(n)])
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()
    whole = [[f"The marrow wheel number {n} has part {part}." for part in range(3)] for n in range(12)]
    assert len(seen) > 10
    assert [texts for texts in seen if texts not in whole] == []


def test_a_second_opener_is_told_who_holds_the_index(settings: IndexerSettings) -> None:
    with Index.open(settings, warm=False), pytest.raises(IndexLocked, match=r"in use by process \d+"):
        Index.open(settings, warm=False)
    Index.open(settings, warm=False).close()


def test_what_another_run_left_in_the_store_goes_and_what_the_store_lost_comes_again(
    settings: IndexerSettings, folder: Path
) -> None:
    with Index.open(settings, warm=False) as first:
        first.ingest_paths([folder])
        lost = next(record for record in first.documents() if record.id == "sorrin.md")
        first.version.store.delete_revisions([lost.revision])
        log = settings.index_home / "manifest.1.log"
        log.write_text(log.read_text().replace('"velmora.md"', '"renamed.md"'))
    with Index.open(settings, warm=False) as second:
        assert [record.id for record in second.documents()] == ["notes.txt", "rules/travel.md"]
        assert second.version.store.count() == 2
        report = second.ingest_paths([folder])
        assert sorted(report.added) == ["sorrin.md", "velmora.md"]
        assert second.version.store.count() == 6


def test_another_chunk_size_cuts_every_document_again(settings: IndexerSettings, folder: Path) -> None:
    with Index.open(settings, warm=False) as index:
        index.ingest_paths([folder])
    with Index.open(settings.model_copy(update={"chunk_tokens": 64}), warm=False) as index:
        assert len(index.ingest_paths([folder]).updated) == 4


def test_queries_are_embedded_as_unit_vectors(index: Index, embedder: Embedder) -> None:
    assert index.embed_queries(["one", "two"]).shape == (2, embedder.dimension)


def test_a_passage_leads_to_its_whole_section(index: Index) -> None:
    facts = [
        f"Room {n} of the office in Quilden holds {n} grey cabinets with the files of year {1900 + n}."
        for n in range(40)
    ]
    index.add([Document("a.md", "Rooms", "# Rooms\n\n## Old\n\n" + "\n\n".join(facts) + "\n\n## New\n\nOne room.\n")])
    passage = index.search("What does room 17 hold?", k=1)[0]
    assert facts[17] in passage.text
    assert index.section(passage).split("\n\n") == facts
    index.add([Document("a.md", "Rooms", "Changed.")])
    assert index.section(passage) == passage.text
