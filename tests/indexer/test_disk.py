from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossover.indexer.disk import bytes_on_disk, write_atomically
from crossover.indexer.errors import IndexFull
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 MiB; a file with a real file system in it, for one in memory treats holes in files otherwise."""
    image, place = tmp_path / "image", tmp_path / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(160 * MIB)
    for command in (["mkfs.ext4", "-q", image], ["mount", "-o", "loop", image, place]):
        if shutil.which(command[0]) is None or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("making a small disk needs root, mkfs.ext4 and a loop device")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Fill a disk up to `leave` bytes; the file that does so."""
    ballast = disk / "ballast"
    status = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - leave)
    return ballast


def test_a_full_disk_is_named_and_what_was_indexed_stays_searchable(small_disk: Path, folder: Path) -> None:
    settings = IndexerSettings(home=small_disk / "home")
    with Index.open(settings, warm=False) as index:
        index.ingest_paths([folder])
        ballast = fill(small_disk, leave=20 * MIB)
        (folder / "velmora.md").write_text("# Velmora\n\nCarl Ennis runs the Velmora office.\n")
        with pytest.raises(IndexFull, match=r"home/index: the disk is full \(\d+ MiB free, \d+ MiB needed\)"):
            index.ingest_paths([folder])
        assert "Anna Tovan" in index.search("Who runs the Velmora office?")[0].text
    with Index.open(settings, warm=False) as index:
        assert "Anna Tovan" in index.search("Who runs the Velmora office?")[0].text
        ballast.unlink()
        assert index.ingest_paths([folder]).updated == ["velmora.md"]
        assert "Carl Ennis" in index.search("Who runs the Velmora office?")[0].text


def test_a_write_that_does_not_fit_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    write_atomically(file, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(IndexFull, match="the disk is full"):
            write_atomically(file, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert file.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["manifest.json"]


def test_a_first_index_on_a_full_disk_writes_nothing(small_disk: Path, folder: Path) -> None:
    fill(small_disk, leave=8 * MIB)
    environment = {**os.environ, "CROSSOVER_HOME": str(small_disk / "home")}
    command = [sys.executable, "-m", "crossover.server.cli", "index", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (small_disk / "home" / "index" / "shard").exists()


def test_the_size_of_a_folder_can_be_asked_while_its_files_come_and_go(tmp_path: Path) -> None:
    shard = tmp_path / "shard"
    done = threading.Event()

    def build_and_drop() -> None:
        for n in range(300):
            for segment in range(5):
                (shard / str(segment)).mkdir(parents=True)
                (shard / str(segment) / "vectors").write_bytes(bytes(4096))
            shard.rename(tmp_path / f"dropped-{n}")
            shutil.rmtree(tmp_path / f"dropped-{n}")
        done.set()

    dropping = threading.Thread(target=build_and_drop)
    dropping.start()
    sizes = set()
    while not done.is_set():
        sizes.add(bytes_on_disk(shard))
    dropping.join()
    assert min(sizes) == 0 and max(sizes) <= 5 * 4096
    assert len(sizes) > 1
