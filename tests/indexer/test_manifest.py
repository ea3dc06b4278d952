from __future__ import annotations

from pathlib import Path

import pytest

from crossover.indexer.document import DocumentRecord
from crossover.indexer.errors import EmbeddingMismatch, StoreError
from crossover.indexer.manifest import Manifest


def record(document: str, revision: str, chunks: int = 2) -> DocumentRecord:
    return DocumentRecord(document, "T", "s", "h", 1, "2026-01-01T00:00:00+00:00", chunks, "en", revision, {"k": "v"})


def test_a_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.json")
    manifest.begin({"r1", "r2"})
    manifest.commit([record("a", "r1"), record("b\udce4.md", "r2", 3)], "model")
    again = Manifest(tmp_path / "manifest.json").snapshot
    assert again == manifest.snapshot
    assert (again.chunks, again.languages, again.embedding) == (5, {"en"}, "model")
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.json"]


def test_pending_revisions_are_hidden_until_a_document_names_them(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.json")
    manifest.commit([record("a", "old")], "model")
    manifest.begin({"old", "new"})
    assert manifest.snapshot.hidden == {"new"}
    manifest.commit([record("a", "new")], "model")
    assert manifest.snapshot.hidden == {"old"}
    manifest.settle()
    assert manifest.snapshot.hidden == frozenset()


def test_removing_the_last_document_frees_the_choice_of_the_model(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.json")
    manifest.commit([record("a", "r1")], "model")
    with pytest.raises(EmbeddingMismatch, match="'model', the setting is 'other'"):
        manifest.snapshot.require_model("other")
    assert manifest.remove(["a"]) == {"r1"}
    manifest.snapshot.require_model("other")


def test_a_snapshot_never_changes_and_another_process_is_noticed(tmp_path: Path) -> None:
    ours, theirs = Manifest(tmp_path / "manifest.json"), Manifest(tmp_path / "manifest.json")
    before = ours.snapshot
    theirs.commit([record("a", "r1")], "model")
    ours.refresh()
    assert not before.documents
    assert list(ours.snapshot.documents) == ["a"]


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}', '{"format": 99, "documents": {}}'])
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(StoreError, match=r"manifest\.json"):
        Manifest(tmp_path / "manifest.json")
