"""A local Ray cluster gives the index that a local run gives; where Ray is not installed, only the advice is tested."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings

INSTALLED = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not INSTALLED, reason="Ray is not installed: pip install 'ray[data]'")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    yield
    ray.shutdown()


def chunks(index: Index) -> dict[str, set[str]]:
    return index.version.store.revisions()


@needs_ray
@pytest.mark.usefixtures("cluster")
def test_ray_gives_the_chunks_and_ids_of_a_local_run_and_skips_what_has_not_changed(
    tmp_path: Path, folder: Path
) -> None:
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7")
    with Index.open(IndexerSettings(home=tmp_path / "local"), warm=False) as local:
        local.ingest_paths([folder])
        expected = chunks(local)
    with Index.open(IndexerSettings(home=tmp_path / "ray"), warm=False) as index:
        report = index.ingest_paths([folder], engine="ray")
        assert (len(report.added), report.chunks) == (4, 6)
        assert [Path(skipped.path).name for skipped in report.skipped] == ["scan.pdf"]
        assert chunks(index) == expected
        assert index.search("Who runs the Velmora office?")[0].document == "velmora.md"
        (folder / "velmora.md").write_text("# Velmora\n\nCarl Ennis runs the Velmora office.\n")
        again = index.ingest_paths([folder], engine="ray")
        assert (again.updated, again.chunks, len(again.unchanged)) == (["velmora.md"], 1, 3)


@pytest.mark.skipif(INSTALLED, reason="Ray is installed")
def test_without_ray_the_extra_is_named(settings: IndexerSettings, folder: Path) -> None:
    with Index.open(settings, warm=False) as index, pytest.raises(RuntimeError, match=r"ray\[data\]"):
        index.ingest_paths([folder], engine="ray")
