from __future__ import annotations

import random

from crossover.adapters.examples import Example
from crossover.adapters.training.wording import thinned

EXAMPLE = Example("What number do bricks from Yaejeast Quay have in room 14?", "RW-845", line=3)


def test_words_go_and_names_and_numbers_stay() -> None:
    questions = {thinned(EXAMPLE, 0.3, random.Random(seed)).question for seed in range(40)}
    assert len(questions) > 20
    for question in questions:
        assert {"Yaejeast", "Quay", "14?"} <= set(question.split())
        assert question.split() == [word for word in EXAMPLE.question.split() if word in question.split()]


def test_the_answer_stays_and_without_a_share_the_question_too() -> None:
    assert thinned(EXAMPLE, 0.0, random.Random(0)) == EXAMPLE
    assert thinned(EXAMPLE, 0.5, random.Random(0)).answer == EXAMPLE.answer


def test_a_question_never_becomes_empty() -> None:
    assert thinned(Example("why?", "so"), 1.0, random.Random(0)).question == "why?"
