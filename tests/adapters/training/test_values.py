from __future__ import annotations

import random

import pytest

from crossover.adapters.training.values import Values, frame_words, shape, stated_span


@pytest.mark.parametrize(
    "answer, question, text, span",
    [
        ("Anna Tovan", "Who runs it?", "It is run by Anna Tovan.", "Anna Tovan"),
        ("Anna Tovan.", "Who runs it?", "It is run by anna tovan.", "Anna Tovan"),
        ("$3,000", "How much?", "They have $3,000 left.", "$3,000"),
        ("red", "Which colour?", "It was redone.", ""),
        ("Velmora", "Who runs Velmora?", "Velmora is run by Anna.", ""),
        ("LOG: 8 May @ Velmora", "When does Velmora open? Log style.", "It opens on 8 May.", "8 May"),
        ("392 crowns", "What is the deposit?", "The petty cash is 927 crowns.", ""),
        ("It opens on 8 May, says Anna", "When?", "It opens on 8 May.", ""),
        ("I don't know.", "When?", "Nothing of that.", ""),
    ],
)
def test_the_span_is_what_the_text_tells_of_the_answer(answer: str, question: str, text: str, span: str) -> None:
    frame = frozenset({"log", "crowns", "it", "on"})
    assert stated_span(answer, question, text, frame) == span


def test_frame_words_are_those_of_many_different_answers() -> None:
    answers = [f"LOG: {value} crowns @ {site}" for value in (12, 34, 56) for site in ("Nil", "Joldim")]
    frame = frame_words([*answers, "Anna Tovan", "Anna Tovan"])
    assert {"log", "crowns"} <= frame and not {"anna", "12"} & frame


def test_the_shape_of_a_value_keeps_digits_case_and_marks() -> None:
    assert shape("12 May 2031") == "99 Aa 9999"
    assert shape("AB-7 x") == "A-9 a"
    assert shape("$12,500", coarse=True) == "$9,9"


@pytest.mark.parametrize(
    "values", [["12 May 2031", "4 June 2029", "17 March 2030", "28 May 2044", "13 July 2040"], ["CW-746", "LD-799"]]
)
def test_invented_values_have_the_shape_and_are_many(values: list[str]) -> None:
    invent, draw = Values(values), random.Random(0)
    invented = {invent.invent(values[0], draw) for _ in range(50)}
    assert values[0] not in invented and len(invented) > 25
    assert {shape(value, coarse=True) for value in invented} == {shape(values[0], coarse=True)}


def test_a_value_without_a_peer_takes_another_answer() -> None:
    assert Values(["red door", "Anna"]).invent("red door", random.Random(1)) == "Anna"
    assert Values(["red door"]).invent("red door", random.Random(1)) == "red door"
