from __future__ import annotations

import pytest

from crossover.indexer.language import FALLBACK, detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The office lies by the river and opens at nine in the morning.", "en"),
        ("La oficina está junto al río y abre a las nueve de la mañana.", "es"),
        ("Офис находится у реки и открывается в девять часов утра.", "ru"),
        ("办公室位于河边，早上九点开门。", "zh"),
        ("オフィスは川のそばにあり、朝九時に開きます。", "ja"),
        ("Das Büro liegt am Fluss und öffnet um neun Uhr morgens.", "de"),
    ],
)
def test_the_language_of_a_sentence_is_told(text: str, language: str) -> None:
    assert detect(text) == language


def test_what_has_no_words_falls_back() -> None:
    assert detect("12345 !!!") == FALLBACK


def test_candidates_restrict_the_answer_and_a_single_one_needs_no_look() -> None:
    assert detect("cookie params", among={"en", "ru"}) == "en"
    assert detect("cookie params", among={"sv"}) == "sv"
