"""Which of several scored answers make a pair."""

from __future__ import annotations

import pytest

from crossover.adapters.preferences.asked import Asked
from crossover.adapters.preferences.ranking import Ranked, by_reference, distinct, rank
from crossover.eval.gate_judge import score

WHO = Asked("Who?", ("Anna Tovan", "Tovan"))


def ranked(answers: list[str], scores: list[float], margin: float = 0.2, most: int = 1) -> Ranked:
    into = Ranked()
    rank(WHO, answers, scores, margin, most, into)
    return into


def test_the_best_and_the_worst_answer_make_a_pair() -> None:
    (pair,) = ranked(["b", "a", "c"], [0.5, 1.0, 0.1]).pairs
    assert (pair.question, pair.chosen, pair.rejected, pair.scores) == ("Who?", "a", "c", (1.0, 0.1))
    two = ranked(["a", "b", "c", "d"], [1.0, 0.7, 0.3, 0.0], most=9).pairs
    assert [(pair.chosen, pair.rejected) for pair in two] == [("a", "d"), ("b", "c")]


@pytest.mark.parametrize(
    ("answers", "scores", "reason"),
    [
        ([], [], "no answer"),
        (["a"], [1.0], "one answer alone"),
        (["a", "b"], [0.5, 0.5], "all answers equally good"),
        (["a", "b"], [0.5, 0.4], "no clear difference"),
    ],
)
def test_what_is_not_clearly_better_is_left_out_and_counted(
    answers: list[str], scores: list[float], reason: str
) -> None:
    result = ranked(answers, scores)
    assert (result.pairs, dict(result.left_out)) == ([], {reason: 1})
    assert not ranked(["a", "b"], [0.5, 0.5], margin=0.0).pairs, "a tie is no pair, whatever the margin"


def test_answers_that_differ_in_case_and_marks_are_one_and_empty_ones_none() -> None:
    assert distinct(["Anna", " anna. ", "", "Bela", "  "]) == ["Anna", "Bela"]


def test_an_answer_is_as_good_as_its_best_reference_says() -> None:
    assert by_reference(WHO, ["Tovan", "Anna Tovan", "Bela"], score) == [1.0, 1.0, 0.0]
