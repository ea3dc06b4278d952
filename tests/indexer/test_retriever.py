from __future__ import annotations

import pytest

from crossover.indexer.document import Chunk, DocumentRecord
from crossover.indexer.embedding import PACKAGED
from crossover.indexer.manifest import Snapshot
from crossover.indexer.retriever import RRF_K, Weights, fuse, weights_for
from crossover.indexer.vector_store import Hit

RECORD = DocumentRecord("a", "Title", "a.md", "h", 1, "now", 9, "en", "live")
SNAPSHOT = Snapshot({"a": RECORD})


def hit(name: str, score: float, revision: str = "live", document: str = "a", text: str | None = None) -> Hit:
    chunk = Chunk(name, document, 0, text or name, ("Top", "Deep"), f"hash of {text or name}")
    return Hit(chunk, revision, score)


def test_the_first_of_both_searches_scores_one_and_ranks_are_weighted() -> None:
    weights = Weights(1.0, 2.0)
    fused = fuse([hit("x", 0.9), hit("y", 0.8)], [hit("x", 7.0), hit("z", 6.0)], SNAPSHOT, weights)
    assert [each.passage.chunk for each in fused] == ["x", "z", "y"]
    assert fused[0].passage.score == pytest.approx(1.0)
    assert fused[1].passage.score == pytest.approx(2 / (RRF_K + 2) / (3 / (RRF_K + 1)))
    assert (fused[1].dense_rank, fused[1].sparse_rank) == (None, 2)
    assert (fused[1].passage.dense, fused[1].passage.sparse) == (None, 6.0)
    assert fused[0].passage.title == "Title - Deep"


def test_chunks_of_unknown_documents_and_other_revisions_take_no_rank() -> None:
    found = [hit("old", 0.9, revision="gone"), hit("alien", 0.8, document="b"), hit("x", 0.7)]
    (only,) = fuse(found, [], SNAPSHOT, Weights(1.0, 2.0))
    assert (only.passage.chunk, only.dense_rank) == ("x", 1)


def test_a_repeated_text_comes_once_with_its_best_score() -> None:
    fused = fuse([hit("x", 0.9, text="same"), hit("y", 0.8, text="same"), hit("z", 0.7)], [], SNAPSHOT, Weights(1, 1))
    assert [each.passage.chunk for each in fused] == ["x", "z"]


def test_meaning_counts_less_where_the_packaged_model_cannot_read() -> None:
    shares = [weights_for(PACKAGED, code).dense / weights_for(PACKAGED, code).sparse for code in ("en", "es", "ru")]
    assert shares == sorted(shares, reverse=True)
    assert weights_for("intfloat/multilingual-e5-small", "ru") == weights_for(PACKAGED, "en")
