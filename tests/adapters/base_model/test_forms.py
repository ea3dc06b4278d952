"""Forms of answers: made up anew for each dialogue, and never one that evaluation uses."""

from __future__ import annotations

import re

from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.forms import form
from crossover.adapters.base_model.frames import FORMATS_HELD_OUT


def test_a_form_has_one_place_for_the_value_and_shows_something_around_it() -> None:
    draw = Draw(2)
    for _ in range(2000):
        shape = form(draw)
        assert shape.count("{v}") == 1
        assert set(re.findall(r"\{\w+\}", shape)) <= {"{v}", "{n}"}
        assert shape != "{v}"
        assert "Anna Tovan" in shape.format(v="Anna Tovan", n=2)


def test_forms_hardly_repeat_and_a_word_is_never_glued_to_the_value() -> None:
    draw = Draw(3)
    shapes = [form(draw) for _ in range(1000)]
    assert len(set(shapes)) > 700
    assert not [shape for shape in shapes if re.search(r"[A-Za-z]\{v\}|\{v\}[A-Za-z]", shape)]
    assert not set(shapes) & set(FORMATS_HELD_OUT)


def test_evaluation_draws_from_the_forms_that_training_never_uses() -> None:
    draw = Draw(4, "held-out")
    assert {form(draw) for _ in range(200)} == set(FORMATS_HELD_OUT)
