from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crossover.indexer.document import Chunk, chunk_id
from crossover.indexer.embedding import Embedder, SparseVector, Vectors
from crossover.indexer.errors import StoreError
from crossover.indexer.vector_store import StoredChunk, VectorStore
from crossover.indexer.vector_store.edge import EdgeStore
from crossover.indexer.vector_store.remote import RemoteStore, connect

NOTHING = SparseVector((), ())


def unit(axis: int) -> Vectors:
    vector = np.zeros(384, dtype=np.float32)
    vector[axis] = 1.0
    return vector


def stored(document: str, revision: str, ordinal: int, axis: int, word: int) -> StoredChunk:
    chunk = Chunk(chunk_id(document, revision, ordinal), document, ordinal, f"text {word}", ("H", "Ä"), f"hash{word}")
    return StoredChunk(chunk, revision, unit(axis), SparseVector((word,), (1.5,)))


def test_a_store_that_was_never_written_to_is_empty(store: VectorStore) -> None:
    assert store.count() == 0
    assert store.revisions() == {}
    assert store.query(unit(0), NOTHING, 5, ()) == ([], [])
    store.delete_revisions({"r1"})


def test_both_searches_find_their_own_and_give_the_chunk_back_whole(store: VectorStore) -> None:
    first, second = stored("a", "r1", 0, axis=0, word=7), stored("a", "r1", 1, axis=1, word=9)
    store.upsert([first, second])
    by_meaning, by_words = store.query(unit(0), SparseVector((9,), (1.0,)), 5, ())
    assert by_meaning[0].chunk == first.chunk
    assert by_meaning[0].score == pytest.approx(1.0)
    assert [hit.chunk for hit in by_words] == [second.chunk]
    assert by_words[0].revision == "r1"


def test_a_question_without_words_finds_nothing_by_words(store: VectorStore) -> None:
    store.upsert([stored("a", "r1", 0, axis=0, word=7)])
    assert store.query(unit(0), NOTHING, 5, ())[1] == []


def test_hidden_revisions_are_not_found_and_take_no_place(store: VectorStore) -> None:
    store.upsert([stored("a", "old", n, axis=0, word=7) for n in range(5)] + [stored("a", "new", 0, axis=1, word=7)])
    by_meaning, by_words = store.query(unit(0), SparseVector((7,), (1.0,)), 1, {"old"})
    assert [hit.revision for hit in by_meaning + by_words] == ["new", "new"]


def test_deleting_a_revision_deletes_all_its_chunks_and_no_other(store: VectorStore) -> None:
    store.upsert([stored("a", "r1", n, axis=n, word=n + 1) for n in range(3)] + [stored("b", "r2", 0, axis=4, word=9)])
    store.delete_revisions({"r1"})
    assert store.count() == 1
    assert store.revisions() == {"r2": {chunk_id("b", "r2", 0)}}


def test_a_chunk_written_twice_is_there_once(store: VectorStore) -> None:
    for _ in range(2):
        store.upsert([stored("a", "r1", 0, axis=0, word=7)])
    assert store.count() == 1
    store.optimize()
    assert store.count() == 1


def test_a_shard_is_there_again_after_closing(tmp_path: Path) -> None:
    folder = tmp_path / "index" / "shard"
    first = EdgeStore(folder, lambda: 384)
    first.upsert([stored("a", "r1", 0, axis=0, word=7)])
    first.close()
    again = EdgeStore(folder, lambda: pytest.fail("the dimension of a shard that exists is known"))
    assert again.count() == 1
    again.close()


def test_an_unfinished_shard_beside_is_not_taken_for_one(tmp_path: Path) -> None:
    leftover = tmp_path / "index" / "shard.new"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("x")
    store = EdgeStore(tmp_path / "index" / "shard", lambda: 384)
    store.upsert([stored("a", "r1", 0, axis=0, word=7)])
    assert store.count() == 1
    store.close()


def test_a_folder_that_is_no_shard_is_named(tmp_path: Path) -> None:
    (tmp_path / "shard" / "segments").mkdir(parents=True)
    (tmp_path / "shard" / "edge_config.json").write_text("not json")
    with pytest.raises(StoreError, match="cannot open the index"):
        EdgeStore(tmp_path / "shard", lambda: 384)


def test_a_server_that_does_not_answer_is_named_with_the_setting(embedder: Embedder) -> None:
    url = "http://127.0.0.1:9"
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9.*CROSSOVER_QDRANT_URL"):
        RemoteStore(connect(url, None), "c", lambda: 384, url)


def test_the_protocol_costs_no_engine() -> None:
    engines = "[name for name in ('qdrant_client', 'qdrant_edge') if name in sys.modules]"
    code = f"import sys, crossover.indexer.vector_store; print({engines})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_small_shard_weighs_words_as_if_what_was_replaced_had_never_been_there(tmp_path: Path) -> None:
    kept = [stored("a", "r1", n, axis=n, word=7) for n in range(20)]
    replaced = [stored("b", "old", n, axis=n, word=7) for n in range(20)]
    new = [stored("b", "new", n, axis=n, word=9) for n in range(20)]

    def score(store: EdgeStore) -> float:
        store.optimize()
        return store.query(unit(0), SparseVector((7,), (1.0,)), 1, ())[1][0].score

    clean = EdgeStore(tmp_path / "clean", lambda: 384)
    clean.upsert(kept + new)
    store = EdgeStore(tmp_path / "shard", lambda: 384)
    store.upsert(kept + replaced)
    assert score(store) < score(clean)
    store.upsert(new)
    store.delete_revisions({"old"})
    assert score(store) == score(clean)
    store.upsert(replaced)
    store.close()
    again = EdgeStore(tmp_path / "shard", lambda: pytest.fail("the dimension of a shard that exists is known"))
    again.delete_revisions({"old"})
    assert score(again) == score(clean)
