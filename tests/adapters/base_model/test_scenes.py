"""Scenes: whatever is asked stands in the sentence, and no question gives its answer away."""

from __future__ import annotations

import re

import pytest

from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.scenes import FILES, Scene, plans


def test_every_answer_stands_in_the_sentence_and_not_in_the_question() -> None:
    draw = Draw(1)
    for _ in range(2000):
        scene = Scene.drawn(draw)
        told = scene.state("the Narbel office")
        question, answer = scene.ask(draw, "the Narbel office")
        assert "{" not in told + question
        assert answer in told
        assert answer.lower() not in question.lower() or len(answer) < 4, (question, answer)


@pytest.mark.parametrize(
    ("file", "ways", "slots"), [("scenes.txt", 2, 3), ("stories.txt", 1, 5), ("articles.txt", 1, 0)]
)
def test_each_way_to_say_a_scene_names_all_that_can_be_asked(file: str, ways: int, slots: int) -> None:
    for plan in plans(file):
        assert len(plan.statements) >= ways
        assert len({answer for answer, _ in plan.questions if re.fullmatch(r"\{\w+\}", answer)}) >= slots
        for answer, question in plan.questions:
            assert all(answer in statement for statement in plan.statements), (plan.key, answer)
            assert answer not in question
            assert question.endswith("?")


def test_articles_are_asked_for_words_of_their_own_that_stand_there_once() -> None:
    spans = [
        (plan, answer)
        for plan in plans("articles.txt")
        for answer, _ in plan.questions
        if not re.fullmatch(r"\{\w+\}", answer)
    ]
    assert len(spans) > 3 * len(plans("articles.txt"))
    for plan, answer in spans:
        assert plan.statements[0].count(answer) == 1, (plan.key, answer)
        assert "{e}" not in answer


def test_the_keys_are_different() -> None:
    every = [plan.key for file in FILES for plan in plans(file)]
    assert len(set(every)) == len(every) > 200


def test_a_scene_near_another_one_has_its_persons_places_and_numbers() -> None:
    draw = Draw(3)
    for _ in range(50):
        told = Scene.drawn(draw)
        near = Scene.drawn(draw, near=told)
        kinds, others = ({slot.rsplit("_", 1)[-1] for slot, _ in scene.values} for scene in (told, near))
        values = {value for _, value in told.values}
        assert sum(value in values for _, value in near.values) >= len(kinds & others - {"thing"})
