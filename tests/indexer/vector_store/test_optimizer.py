"""A shard's graph is built in another process while this one goes on searching."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from crossover.indexer.document import Chunk, chunk_id
from crossover.indexer.embedding import SparseVector
from crossover.indexer.errors import StoreError
from crossover.indexer.vector_store import StoredChunk, optimizer
from crossover.indexer.vector_store.edge import EdgeStore

CHUNKS = 1000
VECTORS = np.random.default_rng(0).standard_normal((CHUNKS, 8)).astype(np.float32)


@pytest.fixture(autouse=True)
def worth_it_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizer, "_WORTH_IT", CHUNKS // 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index" / "shard"


@pytest.fixture
def store(folder: Path) -> EdgeStore:
    made = EdgeStore(folder, lambda: 8)
    made.upsert([stored(n) for n in range(CHUNKS)])
    return made


def stored(n: int) -> StoredChunk:
    chunk = Chunk(chunk_id("a", "r", n), "a", n, f"text {n}", (), str(n))
    return StoredChunk(chunk, "r", VECTORS[n], SparseVector((n,), (1.0,)))


def found(store: EdgeStore, n: int) -> tuple[int, int]:
    by_meaning, by_words = store.query(VECTORS[n], SparseVector((n,), (1.0,)), 1, ())
    return by_meaning[0].chunk.ordinal, by_words[0].chunk.ordinal


def beside(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.parent.iterdir())


def test_questions_are_answered_while_a_large_shard_is_optimized_and_after(store: EdgeStore, folder: Path) -> None:
    work = threading.Thread(target=store.optimize)
    work.start()
    answered = 0
    while work.is_alive():
        assert found(store, answered % CHUNKS) == (answered % CHUNKS, answered % CHUNKS)
        answered += 1
    assert answered > 10
    assert store.count() == CHUNKS
    assert found(store, 5) == (5, 5)
    store.upsert([stored(0)])
    store.close()
    assert beside(folder) == ["shard"]
    again = EdgeStore(folder, lambda: 8)
    assert again.count() == CHUNKS
    again.close()


def test_an_optimization_that_fails_leaves_the_shard_as_it_was(
    store: EdgeStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimizer, "_SCRIPT", "raise SystemExit('no memory left')")
    with pytest.raises(StoreError, match="cannot optimize the index: no memory left"):
        store.optimize()
    assert found(store, 5) == (5, 5)
    store.close()
    assert beside(folder) == ["shard"]


def test_a_shard_is_there_whenever_the_process_dies_while_it_is_replaced(store: EdgeStore, folder: Path) -> None:
    store.close()
    folder.rename(folder.with_name("shard.old"))
    (folder.parent / "shard.optimizing-x").mkdir()
    again = EdgeStore(folder, lambda: 8)
    assert again.count() == CHUNKS
    again.close()
    assert beside(folder) == ["shard"]


def test_a_shard_that_has_grown_forgets_as_seldom_as_the_engine_does_by_itself(store: EdgeStore, folder: Path) -> None:
    def threshold() -> float:
        return float(json.loads((folder / "edge_config.json").read_text())["optimizers"]["deleted_threshold"])

    assert threshold() < 0.01
    store.optimize()
    assert threshold() == 0.2
