"""Parts of a training set."""

from __future__ import annotations

import pytest

from crossover.adapters.examples import DataSet, Example
from crossover.eval.learning_curve.subsets import SizesError, check_sizes, nested, sizes_for

FACTS = [f"Office{n}" for n in range(20)]
ROWS = [
    *(
        Example(f"{words} {fact}?", f"Clerk {fact}")
        for words in ("Who runs", "Name the head of", "Whose is")
        for fact in FACTS
    ),
    *(Example(f"What is thing{n}?", "I don't know.") for n in range(20)),
]
DATA = DataSet("offices", tuple(ROWS))


def test_smaller_parts_lie_within_larger_ones_and_keep_the_order_of_the_file() -> None:
    parts = nested(DATA, [10, 30, 80], seed=1)
    assert [len(parts[size].examples) for size in (10, 30, 80)] == [10, 30, 80]
    assert set(parts[10].examples) < set(parts[30].examples) < set(parts[80].examples) == set(ROWS)
    for part in parts.values():
        places = [ROWS.index(example) for example in part.examples]
        assert places == sorted(places)


def test_the_wordings_of_one_fact_come_together_and_refusals_one_by_one() -> None:
    answers = [example.answer for example in nested(DATA, [30], seed=2)[30].examples]
    facts = {answer for answer in answers if answer != "I don't know."}
    whole = [fact for fact in facts if answers.count(fact) == 3]
    assert len(facts) - len(whole) <= 1  # the last group is cut where the size falls into it
    assert 0 < answers.count("I don't know.") < 20


def test_a_seed_draws_the_same_again_and_another_one_something_else() -> None:
    first, again, other = (nested(DATA, [30], seed)[30] for seed in (1, 1, 2))
    assert first == again
    assert first.fingerprint != other.fingerprint


def test_sizes_go_up_by_threes_and_end_with_everything() -> None:
    assert sizes_for(672) == [10, 30, 100, 300, 672]
    assert sizes_for(5000) == [10, 30, 100, 300, 1000, 3000, 5000]
    assert sizes_for(350) == [10, 30, 100, 350]
    with pytest.raises(SizesError, match="20 at least"):
        sizes_for(19)


@pytest.mark.parametrize(("sizes", "words"), [([30], "two different"), ([0, 30], "from 1 to 80"), ([10, 81], "to 80")])
def test_sizes_that_do_not_fit_are_refused(sizes: list[int], words: str) -> None:
    with pytest.raises(SizesError, match=words):
        check_sizes(sizes, 80)
    assert check_sizes([30, 10, 30], 80) == [10, 30]
