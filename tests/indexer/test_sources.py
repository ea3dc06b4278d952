from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crossover.indexer.document import DocumentRecord
from crossover.indexer.errors import DocumentCollision, ReadError
from crossover.indexer.sources import collect, gone


def test_ids_are_paths_relative_to_the_folder_and_hidden_files_are_left_out(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (folder / ".hidden.md").write_text("x")
    assert [file.document_id for file in collect([folder])] == [
        "notes.txt",
        "rules/travel.md",
        "sorrin.md",
        "velmora.md",
    ]


def test_a_folder_below_a_hidden_one_is_still_read(tmp_path: Path) -> None:
    root = tmp_path / ".home" / "docs"
    root.mkdir(parents=True)
    (root / "a.md").write_text("x")
    assert [file.document_id for file in collect([root])] == ["a.md"]


def test_a_single_file_has_its_name_as_id_and_no_root(folder: Path) -> None:
    (file,) = collect([folder / "rules" / "travel.md"])
    assert (file.document_id, file.root) == ("travel.md", None)


def test_the_same_file_named_twice_counts_once(folder: Path) -> None:
    assert len(collect([folder, folder])) == 4


def test_two_files_of_the_same_id_in_one_run_are_refused_with_both_names(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.md").write_text(name)
    with pytest.raises(DocumentCollision, match=r"a/x\.md and .*b/x\.md .* index the folder above both"):
        collect([tmp_path / "a", tmp_path / "b"])


def test_a_missing_path_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no such file or folder"):
        collect([tmp_path / "absent"])
    with pytest.raises(ReadError, match="no files to index"):
        collect([tmp_path])


def test_what_is_no_file_is_listed_so_that_reading_it_can_say_why(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "up").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    assert [file.document_id for file in collect([tmp_path, tmp_path])] == ["loop", "pipe", "up"]
    with pytest.raises(ReadError, match="neither a file nor a folder"):
        collect([tmp_path / "pipe"])


def test_documents_below_a_folder_that_cannot_be_listed_are_not_taken_for_deleted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = DocumentRecord("rules/travel.md", "", "", "", 1, "", 1, "en", "", {"root": str(folder)})
    walk, closed = os.walk, PermissionError(13, "Permission denied", str(folder / "rules"))

    def denied(top: Path, onerror: Callable[[OSError], None]) -> Iterator[tuple[str, list[str], list[str]]]:
        for where, names, files in walk(top):
            if where.endswith("rules"):
                onerror(closed)
            else:
                yield where, names, files

    monkeypatch.setattr(os, "walk", denied)
    files = collect([folder])
    assert "rules" in [file.document_id for file in files]
    assert gone(files, files, [record], set(), []) == []
