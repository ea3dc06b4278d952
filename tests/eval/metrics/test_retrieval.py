"""Retrieval metrics against values computed by hand and by scikit-learn."""

from __future__ import annotations

import random

import pytest
from sklearn.metrics import ndcg_score

from crossover.eval.metrics.ndcg_at_k import ndcg_at_k
from crossover.eval.metrics.reciprocal_rank import reciprocal_rank
from crossover.eval.questions import Question


def asking(*documents: str) -> Question:
    return Question("q", "Who?", ("a",), "all", "q", documents)


@pytest.mark.parametrize(
    ("retrieved", "expected"),
    [(["a"], 1.0), (["b", "b", "a", "c"], 1 / 3), (["b", "c"], 1 / 2), (["b"], 0.0), ([], 0.0)],
)
def test_the_first_relevant_passage_decides_the_reciprocal_rank(retrieved: list[str], expected: float) -> None:
    assert reciprocal_rank(retrieved, asking("a", "c")) == pytest.approx(expected)


def test_ndcg_is_the_textbooks() -> None:
    # by hand: ranks 2 and 3 of two relevant ones, (1/log2(3) + 1/log2(4)) / (1/log2(2) + 1/log2(3))
    assert ndcg_at_k(["x", "a", "b"], asking("a", "b"), 5) == pytest.approx((0.63093 + 0.5) / 1.63093, abs=1e-5)
    assert ndcg_at_k(["a", "a", "b"], asking("a", "b"), 5) == pytest.approx((1 + 0.5) / 1.63093, abs=1e-5)
    assert ndcg_at_k(["x", "a"], asking("a"), 1) == 0.0
    assert ndcg_at_k(["a", "b"], asking("a", "b", "c"), 2) == pytest.approx(1.0)


def test_ndcg_agrees_with_scikit_learn() -> None:
    rng = random.Random(3)
    names = [f"{n}.md" for n in range(12)]
    for _ in range(50):
        ranked, relevant, k = rng.sample(names, 12), rng.sample(names, rng.randint(1, 4)), rng.randint(1, 8)
        truth = [[float(name in relevant) for name in names]]
        scores = [[float(-ranked.index(name)) for name in names]]
        assert ndcg_at_k(ranked, asking(*relevant), k) == pytest.approx(ndcg_score(truth, scores, k=k))


def test_without_a_relevant_document_there_is_nothing_to_score() -> None:
    assert reciprocal_rank(["a"], asking()) is None
    assert ndcg_at_k(["a"], asking(), 5) is None
