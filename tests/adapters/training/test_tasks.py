from __future__ import annotations

from pathlib import Path

import pytest

from crossover.adapters.examples import DataSet, Example
from crossover.adapters.training.tasks import Task, decks, parse_task, together

A = DataSet("a", (Example("one?", "1"), Example("two?", "2")))
B = DataSet("b", (Example("three?", "3"),))


def test_a_weight_stands_behind_the_last_colon() -> None:
    assert parse_task("facts.jsonl") == (Path("facts.jsonl"), 1.0)
    assert parse_task("s3:facts.jsonl:0.5") == (Path("s3:facts.jsonl"), 0.5)


def test_a_file_that_has_a_colon_in_its_name_is_the_file(tmp_path: Path) -> None:
    file = tmp_path / "facts:2"
    file.touch()
    assert parse_task(str(file)) == (file, 1.0)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "twice", ""])
def test_another_weight_is_refused_with_what_stands_there(weight: str) -> None:
    with pytest.raises(ValueError, match="expected a number above 0 behind the last colon"):
        parse_task(f"facts.jsonl:{weight}")


def test_several_files_are_one_data_set_of_all_their_rows() -> None:
    both = together([Task(A), Task(B, 2.0)])
    assert (both.name, both.examples) == ("a + b", A.examples + B.examples)
    assert together([Task(A, 3.0)]) is A
    assert [(deck.rows, deck.each_epoch) for deck in decks([Task(A), Task(B, 2.0)])] == [
        (range(2), 2),
        (range(2, 3), 2),
    ]
