"""Exact match, token F1 and abstention."""

from __future__ import annotations

import pytest

from crossover.adapters.refusal import is_refusal
from crossover.eval.metrics.abstention import abstention
from crossover.eval.metrics.exact_match import exact_match
from crossover.eval.metrics.recall_at_k import recall_at_k
from crossover.eval.metrics.token_f1 import token_f1
from crossover.eval.questions import Question


def asking(*references: str, documents: tuple[str, ...] = ()) -> Question:
    return Question("q", "Who?", references, "all", "q", documents)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Anna Tovan", 1.0),
        ("  anna   TOVAN. [2]", 1.0),
        ("Anna Tovan [1] [3].", 1.0),
        ("A. Tovan", 1.0),
        ("Anna Tovan [1] and others", 0.0),
        ("[1]", 0.0),
        ("", 0.0),
    ],
)
def test_exact_match_looks_past_case_spaces_and_citations(answer: str, right: float) -> None:
    assert exact_match(answer, asking("Anna Tovan", "A. Tovan")) == right


def test_accents_may_be_written_in_one_sign_or_two() -> None:
    composed, decomposed = "Caf\u00e9 Z\u00fcrich", "Cafe\u0301 Zu\u0308rich"
    assert exact_match(decomposed, asking(composed)) == token_f1(composed, asking(decomposed)) == 1.0


def test_a_reference_of_signs_alone_is_not_met_by_nothing() -> None:
    assert token_f1("", asking("\u2192")) == token_f1("left", asking("\u2192")) == 0.0
    assert token_f1("\u2192 [1]", asking("\u2192")) == 1.0


def test_a_bracket_that_belongs_to_the_answer_stays() -> None:
    assert exact_match("LOG: list[3] @ Mill [1]", asking("LOG: list[3] @ Mill")) == 1.0


@pytest.mark.parametrize("references", [(), ("I don't know.",), ("not known",)])
def test_without_an_answer_any_refusal_is_right(references: tuple[str, ...]) -> None:
    question = asking(*references)
    assert exact_match("I do not know.", question) == token_f1("I don\u2019t know [1]", question) == 1.0
    assert exact_match("Anna Tovan", question) == token_f1("Anna Tovan", question) == 0.0


def test_refusals_are_told_from_answers_that_contain_their_words() -> None:
    assert is_refusal("The passages have no information about it.")
    assert is_refusal("unknown")
    assert not is_refusal("The Unknown Soldier Lane")
    assert not is_refusal("")
    assert not is_refusal("Ask Anna Tovan, " + "who knows the yard and the mill, " * 5 + "when you do not know.")


def test_token_f1_is_squads() -> None:
    assert token_f1("the red mill", asking("red mill yard")) == pytest.approx(2 * 2 / 6)
    assert token_f1("Red mill. [1]", asking("other", "red mill")) == 1.0
    assert token_f1("", asking("red mill")) == 0.0


def test_refusals_have_precision_recall_and_a_false_rate() -> None:
    questions = [asking("a"), asking("b"), asking("c"), asking(), asking()]
    found = abstention(["a", "I don't know.", "x", "I don't know.", "b"], questions)
    assert (found.precision, found.recall, found.false_rate, found.refusals) == (0.5, 0.5, pytest.approx(1 / 3), 2)
    never = abstention(["a"], questions[:1])
    assert (never.precision, never.recall, never.false_rate) == (None, None, 0.0)


def test_recall_counts_documents_not_passages() -> None:
    question = asking("a", documents=("x.md", "y.md"))
    assert recall_at_k(["x.md", "x.md", "y.md"], question, 2) == 0.5
    assert recall_at_k(["x.md", "x.md", "y.md"], question, 5) == 1.0
    assert recall_at_k(["x.md"], asking("a"), 5) is None
