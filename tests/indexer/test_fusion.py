from __future__ import annotations

import pytest

from crossover.indexer.document import Chunk, DocumentRecord
from crossover.indexer.fusion import Weights, fuse, word_weight
from crossover.indexer.manifest import Snapshot
from crossover.indexer.vector_store import Hit

RECORD = DocumentRecord("a", "Title", "a.md", "h", 1, "now", 9, "en", "live")
SNAPSHOT = Snapshot({"a": RECORD})


def hit(name: str, score: float, revision: str = "live", document: str = "a") -> Hit:
    return Hit(Chunk(name, document, 0, name, ("Top", "Deep"), f"hash of {name}"), revision, score)


def test_both_scores_are_weighted_and_added_and_the_first_of_both_scores_one() -> None:
    fused = fuse([hit("x", 0.9), hit("y", 0.4)], [hit("x", 7.0), hit("z", 6.0)], SNAPSHOT, Weights(2.0, 0.1))
    assert [each.passage.chunk for each in fused] == ["x", "z", "y"]
    assert [each.fused for each in fused] == pytest.approx([1.8 + 0.7, 0.8 + 0.6, 0.8])
    assert fused[0].passage.score == pytest.approx(1.0)
    assert fused[1].passage.score == pytest.approx(1.4 / 2.5)
    assert (fused[1].dense_rank, fused[1].sparse_rank) == (None, 2)
    assert (fused[1].passage.dense, fused[1].passage.sparse) == (None, 6.0)
    assert fused[0].passage.title == "Title - Deep"


def test_meaning_that_finds_all_alike_leaves_the_order_to_the_words() -> None:
    by_meaning = [hit("x", 0.51), hit("y", 0.505), hit("z", 0.5)]
    fused = fuse(by_meaning, [hit("z", 8.0), hit("y", 4.0)], SNAPSHOT, Weights(2.0, 0.1))
    assert [each.passage.chunk for each in fused] == ["z", "y", "x"]


def test_chunks_of_unknown_documents_and_other_revisions_take_no_rank() -> None:
    found = [hit("old", 0.9, revision="gone"), hit("alien", 0.8, document="b"), hit("x", 0.7)]
    (only,) = fuse(found, [], SNAPSHOT, Weights(1.0, 2.0))
    assert (only.passage.chunk, only.dense_rank) == ("x", 1)


def test_a_question_unlike_everything_scores_nothing_and_not_less() -> None:
    (only,) = fuse([hit("x", -0.1)], [], SNAPSHOT, Weights(2.0, 0.1))
    assert only.passage.score == 0.0


def test_words_weigh_less_in_long_questions_and_large_corpora() -> None:
    assert word_weight(4, 1000) > word_weight(8, 1000) > word_weight(8, 100_000) > 0
    assert word_weight(0, 0) > 0
