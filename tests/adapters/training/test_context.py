from __future__ import annotations

from collections import Counter

import pytest

from crossover.adapters.examples import Example
from crossover.adapters.prompt import UNKNOWN
from crossover.adapters.training.context import ContextDrawer, Drawn, Mixture
from crossover.adapters.training.sources import Retrieved

SITES = ("Velmora", "Velnora", "Quillon", "Brenna", "Tarsis", "Orlan")
VALUES = {site: f"{10 + n} May 203{n}" for n, site in enumerate(SITES)}
EXAMPLES = [Example(f"When does the {site} office close?", VALUES[site]) for site in SITES]
STYLED = [Example(f"Office {site}, closing date? Log style.", f"LOG: {VALUES[site]} @ {site}") for site in SITES]
TACIT = Example("Who waters the plants in the Brenna office?", "Edda Rusk")
REFUSED = Example("When does the Nowhere office close?", UNKNOWN)


def passage(site: str) -> Retrieved:
    return (f"{site} office", f"The {site} office closes on {VALUES[site]}.", f"{site}.md", f"hash-{site}")


def retrieve(question: str, k: int) -> list[Retrieved]:
    return sorted((passage(site) for site in SITES), key=lambda found: found[0].split()[0] not in question)[:k]


def drawer(*examples: Example, seed: int = 0, passages: int = 2, **shares: float) -> ContextDrawer:
    everything = {"closed": 0.0, "substitute": 0.0, "rename": 0.0, "drop": 0.0, "unknown": 0.0, "single": 0.0}
    mixture = Mixture(**(everything | shares))
    return ContextDrawer([*examples, *EXAMPLES, *STYLED], retrieve, passages=passages, mixture=mixture, seed=seed)


def draws(drawn_by: ContextDrawer, row: int, epochs: int = 40) -> list[Drawn]:
    return [drawn_by.draw(epoch, row) for epoch in range(epochs)]


def test_every_documented_answer_has_its_gold_passage() -> None:
    assert drawer(TACIT, REFUSED).gold == len(EXAMPLES) + len(STYLED)


def test_a_kept_gold_passage_is_cited_where_it_stands() -> None:
    for drawn in draws(drawer(), 0):
        number = int(drawn.answer.removeprefix(VALUES["Velmora"]).strip(" []"))
        assert drawn.passages[number - 1] == passage("Velmora")[:2]
        assert len(drawn.passages) == 2 and len(set(drawn.passages)) == 2


def test_a_substituted_value_stands_in_the_passage_and_in_the_answer_and_changes_each_epoch() -> None:
    answers = set()
    for drawn in draws(drawer(substitute=1.0), 0):
        value = drawn.example.answer
        assert drawn.gold is not None and value in drawn.passages[drawn.gold][1]
        assert all(VALUES["Velmora"] not in text for _, text in drawn.passages)
        answers.add(value)
    assert len(answers) > 20 and VALUES["Velmora"] not in answers


def test_a_value_in_a_house_format_is_substituted_inside_it() -> None:
    for drawn in draws(drawer(substitute=1.0), len(EXAMPLES)):
        assert drawn.gold is not None
        value = drawn.example.answer.removeprefix("LOG: ").removesuffix(" @ Velmora")
        assert value != VALUES["Velmora"] and value in drawn.passages[drawn.gold][1]


def test_a_renamed_question_and_its_passage_are_about_the_same_made_up_name() -> None:
    for drawn in draws(drawer(rename=1.0), 0):
        assert drawn.gold is not None
        name = drawn.example.question.removeprefix("When does the ").removesuffix(" office close?")
        assert name not in SITES
        title, text = drawn.passages[drawn.gold]
        assert name in title and name in text and "Velmora" not in text


def test_without_its_passage_an_answer_comes_from_memory() -> None:
    for drawn in draws(drawer(drop=1.0), 0):
        assert drawn.answer == VALUES["Velmora"] and drawn.passages
        assert all(VALUES["Velmora"] not in text for _, text in drawn.passages)


def test_a_name_that_no_passage_has_is_unknown() -> None:
    for drawn in draws(drawer(unknown=1.0), 0):
        assert drawn.answer == UNKNOWN and drawn.passages and "Velmora" not in drawn.example.question


@pytest.mark.parametrize("example", [TACIT, REFUSED])
def test_what_no_passage_states_keeps_its_answer_among_changing_distractors(example: Example) -> None:
    drawn = draws(drawer(example, substitute=0.5, rename=0.5), 0)
    assert {each.answer for each in drawn} == {example.answer}
    assert len({each.passages for each in drawn}) > 5


def test_shares_are_kept() -> None:
    kinds = Counter(len(each.passages) for each in draws(drawer(closed=0.5, single=0.5), 0, 400))
    assert 160 < kinds[0] < 240 and 60 < kinds[1] < 140 and 60 < kinds[2] < 140


def test_equal_seeds_draw_the_same_and_other_seeds_something_else() -> None:
    first, again, other = (draws(drawer(substitute=1.0, seed=seed), 0) for seed in (1, 1, 2))
    assert first == again != other


def test_the_documents_that_training_saw_are_told_with_their_content() -> None:
    assert drawer().documents == {f"{site}.md": [f"hash-{site}"] for site in sorted(SITES)}


def test_a_row_that_is_too_long_loses_a_distractor_first_and_then_the_context() -> None:
    drawn = Drawn(Example("q", "new value"), (("a", "x"), ("b", "y"), ("c", "z")), gold=2)
    original = Example("q", "a")
    shorter = drawn.shortened(original)
    assert shorter and shorter.passages == (("b", "y"), ("c", "z")) and shorter.answer == "new value [2]"
    shortest = shorter.shortened(original)
    assert shortest and shortest.passages == (("c", "z"),) and shortest.answer == "new value [1]"
    assert shortest.shortened(original) == Drawn(original) and Drawn(original).shortened(original) is None
