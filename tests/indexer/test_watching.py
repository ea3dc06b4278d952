"""`--watch`: the index follows the files."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from crossover.indexer.errors import IndexLocked, ReadError
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.watching import follow, update


@pytest.fixture
def indexed(settings: IndexerSettings, folder: Path, tiny_model: Path) -> Callable[[], Index]:
    chosen = settings.model_copy(update={"embedding_model": str(tiny_model)})
    with Index.open(chosen) as index:
        index.ingest_paths([folder])
    return lambda: Index.open(chosen, warm=False)


@pytest.fixture
def watched(indexed: Callable[[], Index], folder: Path) -> Iterator[Callable[[], Index]]:
    stop = threading.Event()
    watcher = threading.Thread(target=follow, args=([folder], indexed, lambda ids: []), kwargs={"stop": stop})
    watcher.start()
    time.sleep(0.5)  # until the system watches
    yield indexed
    stop.set()
    watcher.join(timeout=20)
    assert not watcher.is_alive()


def wait_for(open_index: Callable[[], Index], expected: dict[str, int]) -> None:
    """Until the index holds these documents in these versions; it is locked while the watcher works."""
    deadline = time.monotonic() + 30
    found: dict[str, int] = {}
    while found != expected and time.monotonic() < deadline:
        time.sleep(0.2)
        with suppress(IndexLocked), open_index() as index:
            found = {record.id: record.version for record in index.documents()}
    assert found == expected


def test_what_is_written_changed_moved_and_deleted_is_followed(watched: Callable[[], Index], folder: Path) -> None:
    (folder / "new.md").write_text("# New\n\nThe new office opens in May.\n")
    (folder / "velmora.md").write_text("# Velmora\n\nCarl Ennis runs the Velmora office.\n")
    (folder / "sorrin.md").unlink()
    (folder / ".hidden.md").write_text("not for the index")
    wait_for(watched, {"new.md": 1, "notes.txt": 1, "rules/travel.md": 1, "velmora.md": 2})
    (folder / "rules").rename(folder / "laws")
    wait_for(watched, {"laws/travel.md": 1, "new.md": 1, "notes.txt": 1, "velmora.md": 2})


def test_what_fails_is_told_and_tried_again(
    watched: Callable[[], Index], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with watched():  # so that it is locked
        (folder / "new.md").write_text("# New\n\nThe new office opens in May.\n")
        deadline, told = time.monotonic() + 30, ""
        while "still watching" not in told and time.monotonic() < deadline:
            time.sleep(0.1)
            told += capsys.readouterr().err
        assert "the index is in use" in told
    wait_for(watched, {"new.md": 1, "notes.txt": 1, "rules/travel.md": 1, "sorrin.md": 1, "velmora.md": 1})


def test_only_what_changed_is_read_and_a_folder_that_vanished_takes_nothing_along(
    indexed: Callable[[], Index], folder: Path
) -> None:
    assert update([folder], {folder / "velmora.md"}, indexed).unchanged == ["velmora.md"]
    assert update([folder], {folder / "rules"}, indexed).unchanged == ["rules/travel.md"]
    kept = folder.rename(folder.parent / "unmounted")
    with pytest.raises(ReadError, match="no such file or folder"):
        update([folder], {folder / "velmora.md"}, indexed)
    folder.mkdir()
    with pytest.raises(ReadError, match="no files to index"):
        update([folder], {folder / "velmora.md"}, indexed)
    with indexed() as index:
        assert len(index.documents()) == 4
    kept.rename(folder)
