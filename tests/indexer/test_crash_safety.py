"""kill -9 anywhere in an indexing run: what was there can be searched, and the next run makes it whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_edge import EdgeShard, ScrollRequest

from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings

POINTS = [
    (step, when, nth)
    for step, when, nth in (
        ("begin", "before", 1),
        ("begin", "after", 2),
        ("upsert", "before", 1),
        ("upsert", "after", 2),
        ("commit", "after", 1),
        ("delete_revisions", "before", 2),
        ("delete_revisions", "after", 3),
        ("remove", "after", 1),
        ("settle", "before", 2),
    )
]


def text(name: str, version: int) -> str:
    parts = (f"## Part {part}\n\n{name} has part {part} in version {version}.\n" for part in range(3))
    return f"# {name}\n\n" + "\n".join(parts)


def write(folder: Path, names: list[str], version: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.md").write_text(text(name, version))
    return folder


def contents(home: Path) -> dict[str, Any]:
    """Every point of the shard, by id: payload and vectors."""
    shard = EdgeShard.load(str(home / "index" / "shard"))
    records, _ = shard.scroll(ScrollRequest(limit=10_000, with_payload=True, with_vector=True))
    points = {str(record.id): (record.payload, record.vector["dense"]) for record in records}  # type: ignore[index]
    shard.close()
    return points


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return left.keys() == right.keys() and all(
        left[each][0] == right[each][0] and left[each][1] == pytest.approx(right[each][1], abs=5e-3) for each in left
    )


def assert_usable(home: Path, documents: set[str]) -> None:
    """Every document is there whole, in one version, and found."""
    with Index.open(IndexerSettings(home=home), warm=False) as index:
        records = {record.id: record for record in index.documents()}
        assert documents <= records.keys()
        for id_ in documents:
            found = [
                passage.text for passage in index.search(f"{Path(id_).stem} has part", k=50) if passage.document == id_
            ]
            assert len(found) == 3 == records[id_].chunks
            assert len({passage[-2] for passage in found}) == 1
        assert index.version.store.count() == sum(record.chunks for record in records.values())


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Homes with four documents in version 1 on which a run over version 2 died, one a kill point."""
    root = tmp_path_factory.mktemp("killed")
    first = write(root / "docs", ["alder", "birch", "cedar", "gone"], 1)
    with Index.open(IndexerSettings(home=root / "start"), warm=False) as index:
        index.ingest_paths([first])
    (first / "gone.md").unlink()
    write(first, ["alder", "birch", "cedar", "dogwood"], 2)
    runs = []
    for step, when, nth in POINTS:
        home = root / f"{step}-{when}-{nth}"
        shutil.copytree(root / "start", home)
        runs.append(f"{home}:{step}:{when}:{nth}")
    script = Path(__file__).with_name("dying.py")
    done = subprocess.run(
        [sys.executable, str(script), str(first), *runs], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.stdout.split() == [str(-signal.SIGKILL)] * len(POINTS), done.stderr
    with Index.open(IndexerSettings(home=root / "clean"), warm=False) as index:
        index.ingest_paths([first])
    yield root, first


@pytest.mark.parametrize("point", POINTS, ids=lambda point: "-".join(map(str, point)))
def test_a_killed_run_leaves_a_usable_index_and_the_next_one_equals_a_clean_one(
    killed: tuple[Path, Path], point: tuple[str, str, int]
) -> None:
    root, docs = killed
    home = root / "{}-{}-{}".format(*point)
    assert_usable(home, {"alder.md", "birch.md", "cedar.md"})
    with Index.open(IndexerSettings(home=home), warm=False) as index:
        index.ingest_paths([docs], prune=True)
        assert [record.id for record in index.documents()] == ["alder.md", "birch.md", "cedar.md", "dogwood.md"]
        assert index.ingest_paths([docs]).chunks == 0
    assert same(contents(home), contents(root / "clean"))


def test_the_command_itself_can_be_killed_and_run_again(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", [f"tree{n:03}" for n in range(120)], 1)
    command = [sys.executable, "-m", "crossover.server.cli", "index", str(docs), "--json"]
    environment = {**os.environ, "CROSSOVER_HOME": str(tmp_path / "home")}
    run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    log = tmp_path / "home" / "index" / "manifest.1.log"
    deadline = time.monotonic() + 120
    while not (log.exists() and '"tree000.md"' in log.read_text()) and run.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    run.kill()
    assert run.wait() == -signal.SIGKILL
    run.communicate()
    settings = IndexerSettings(home=tmp_path / "home")
    with Index.open(settings, warm=False) as index:
        before = {record.id for record in index.documents()}
    assert 0 < len(before) < 120
    assert_usable(tmp_path / "home", set(sorted(before)[:3]))
    with Index.open(settings, warm=False) as index:
        report = index.ingest_paths([docs])
        assert (len(report.added), len(report.unchanged)) == (120 - len(before), len(before))
        assert index.version.store.count() == 360
