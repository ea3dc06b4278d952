from __future__ import annotations

import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from crossover.indexer import manifest as manifest_module
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
    assert sorted(file.name for file in tmp_path.iterdir()) == ["manifest.1.log", "manifest.json"]


def test_pending_revisions_are_hidden_until_a_document_names_them(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.json")
    manifest.commit([record("a", "old")], "model")
    manifest.begin({"old", "new"})
    assert manifest.snapshot.hidden == {"new"}
    manifest.commit([record("a", "new")], "model")
    assert manifest.snapshot.hidden == {"old"}
    manifest.settle()
    assert manifest.snapshot.hidden == frozenset()


def test_the_model_stays_with_the_index_even_when_the_last_document_goes(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.json")
    manifest.commit([record("a", "r1")], "model")
    assert manifest.remove(["a"]) == {"r1"}
    with pytest.raises(EmbeddingMismatch, match="'model', these vectors are of 'other'"):
        manifest.snapshot.require_model("other")


def test_a_change_that_was_not_written_to_its_end_never_happened(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.json")
    manifest.begin({"r1"})
    manifest.commit([record("a", "r1")], "model")
    log = tmp_path / "manifest.1.log"
    with log.open("ab") as file:
        file.write(log.read_bytes()[:40])
    again = Manifest(tmp_path / "manifest.json")
    assert again.snapshot == manifest.snapshot
    again.commit([record("b", "r2")], "model")
    manifest.refresh()
    assert (
        list(manifest.snapshot.documents) == ["a", "b"] == list(Manifest(tmp_path / "manifest.json").snapshot.documents)
    )


def test_a_long_log_is_folded_and_readers_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "_FOLD", 500)
    ours, theirs = Manifest(tmp_path / "manifest.json"), Manifest(tmp_path / "manifest.json")
    for n in range(40):
        ours.begin({f"r{n}", f"r{n - 1}"})
        ours.commit([record("a", f"r{n}"), record(f"b{n}", f"s{n}", n)], "model")
        if n % 7 == 0:
            theirs.refresh()
    ours.remove(["b3"])
    ours.settle()
    theirs.refresh()
    assert theirs.snapshot == ours.snapshot == Manifest(tmp_path / "manifest.json").snapshot
    assert ours.snapshot.chunks == 2 + sum(range(40)) - 3
    assert sum(1 for _ in tmp_path.iterdir()) <= 2


def test_a_manifest_without_a_log_is_read_and_goes_on(tmp_path: Path) -> None:
    fields = asdict(record("a", "r1"))
    del fields["id"]
    content = {"format": 1, "embedding": "model", "pending": ["r0"], "documents": {"a": fields}}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    manifest = Manifest(tmp_path / "manifest.json")
    assert (manifest.snapshot.documents["a"], manifest.snapshot.hidden) == (record("a", "r1"), {"r0"})
    manifest.commit([record("b", "r2")], "model")
    assert list(Manifest(tmp_path / "manifest.json").snapshot.documents) == ["a", "b"]


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


def test_a_search_that_looks_at_the_log_while_a_writer_appends_counts_no_line_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = Manifest(tmp_path / "manifest.json")
    manifest.commit([record("a", "r1")], "model")
    append = manifest_module.append_durably

    def slow(*arguments: Any) -> None:
        append(*arguments)
        reader = threading.Thread(target=manifest.refresh)
        reader.start()
        reader.join(0.3)

    monkeypatch.setattr(manifest_module, "append_durably", slow)
    manifest.commit([record("b", "r2")], "model")
    manifest.commit([record("c", "r3")], "model")
    assert sorted(Manifest(tmp_path / "manifest.json").snapshot.documents) == ["a", "b", "c"]
