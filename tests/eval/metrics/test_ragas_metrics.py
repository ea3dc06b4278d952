"""ragas' own metrics, pinned: a change of ragas or of what we hand it shows here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from crossover.eval.metrics.ragas_metrics import ANSWER_METRICS, CONTEXT_METRICS, RagasScore, Sample, dataset, score
from crossover.eval.questions import Question

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ragas' own imports


def embed(texts: Sequence[str]) -> np.ndarray:
    """Every text its own direction."""
    return np.eye(len(texts))


def sample(answer: str, *references: str, found: tuple[str, ...] | None = None) -> Sample:
    question = Question("q", "Who runs the mill?", references, "all", "q", ("a.md",) if references else ())
    return Sample(question, answer, tuple(f"text of {name}" for name in found or ()), found)


def test_the_samples_are_ragas_own_and_free_of_citations() -> None:
    built = dataset([sample("Anna Tovan [2]", "someone", "Anna Tovan", found=("a.md", "b.md"))])
    assert type(built).__module__.startswith("ragas")
    row = built[0]
    assert (row.response, row.reference) == ("anna tovan", "anna tovan")
    assert row.retrieved_context_ids == ["a.md", "b.md"]
    assert row.reference_context_ids == ["a.md"]


def test_every_metric_has_the_value_worked_out_by_hand() -> None:
    samples = [
        sample("red mill [1]", "red mill", found=("a.md", "b.md")),
        sample("red barn", "blue mill", found=("b.md",)),
    ]
    found = score({"rag": samples}, embed)["rag"]
    assert set(found) == {*ANSWER_METRICS, *CONTEXT_METRICS}
    means = {name: value.mean for name, value in found.items()}
    assert means["exact_match"] == 0.5
    assert means["string_present"] == 0.5
    assert means["rouge_score"] == 0.5
    assert means["semantic_similarity"] == pytest.approx(0.5)
    assert means["non_llm_string_similarity"] == pytest.approx((1 + (1 - 8 / 9)) / 2)  # eight edits of nine letters
    assert means["id_based_context_precision"] == 0.25
    assert means["id_based_context_recall"] == 0.5


def test_what_cannot_be_scored_is_counted_and_never_a_nan_in_a_mean() -> None:
    samples = [sample("red", "red"), sample("red"), sample("red", "red", found=("a.md",))]
    found = score({"rag": samples}, embed)["rag"]
    assert found["exact_match"] == RagasScore(1.0, 2, 1)
    assert found["id_based_context_recall"] == RagasScore(1.0, 1, 2)


def test_an_arm_that_retrieves_nothing_has_no_context_metrics() -> None:
    assert set(score({"base": [sample("red", "red")]}, embed)["base"]) == set(ANSWER_METRICS)
