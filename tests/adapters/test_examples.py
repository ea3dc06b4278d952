from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crossover.adapters.examples import DataSet, Example, Origin
from crossover.adapters.formats.detect import check
from crossover.adapters.prompt import Message

DATA = DataSet("facts", tuple(Example(f"Question {n // 2}?", f"Answer {n}", line=n + 1) for n in range(40)))


def test_equal_questions_stay_on_one_side_and_nothing_is_lost() -> None:
    train, validation = DATA.split(0.25, seed=3)
    sides = [{example.question for example in part.examples} for part in (train, validation)]
    assert not sides[0] & sides[1]
    assert (len(train.examples), len(validation.examples)) == (30, 10)


def test_turns_of_one_conversation_stay_on_one_side() -> None:
    turn = Example("And where?", "There", history=(Message("user", "Who?"), Message("assistant", "Anna")))
    data = DataSet("chat", (Example("Who?", "Anna"), turn, *DATA.examples))
    for seed in range(10):
        train, _ = data.split(0.5, seed)
        assert (turn in train.examples) == (Example("Who?", "Anna") in train.examples)


def test_nearly_equal_questions_and_members_of_a_group_stay_on_one_side() -> None:
    near = [Example("Could you please tell me who runs the archive?", "Gerd"),
            Example("Could you please tell me who runs the archive now?", "Gerd")]  # fmt: skip
    grouped = [Example(f"Something number {n}?", "b", group="ticket 1") for n in range(3)]
    data = DataSet("facts", (*near, *grouped, *DATA.examples))
    held_out = set()
    for seed in range(20):
        _, validation = data.split(0.4, seed)
        assert len({example in validation.examples for example in near}) == 1
        assert len({example in validation.examples for example in grouped}) == 1
        held_out |= {example in validation.examples for example in (near[0], grouped[0])}
    assert held_out == {True, False}


def test_a_split_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert DATA.split(0.5, 1) == DATA.split(0.5, 1)
    assert DATA.split(0.5, 1) != DATA.split(0.5, 2)


def test_a_share_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r"share 1\.5"):
        DATA.split(1.5)


def test_the_fingerprint_follows_the_content_not_the_place() -> None:
    moved = DataSet("other", tuple(replace(example, line=0) for example in DATA.examples), "messages")
    changed = DataSet("facts", (replace(DATA.examples[0], answer="Other"), *DATA.examples[1:]))
    assert moved.fingerprint == DATA.fingerprint != changed.fingerprint


def test_where_an_example_comes_from_survives_the_file_and_the_split_and_is_no_part_of_the_fingerprint(
    tmp_path: Path,
) -> None:
    examples = [
        Example("Who runs it?", "Anna", origin=Origin("a.md", "c1")),
        Example("Where is it?", "Here", system="Be brief.", origin=Origin("a.md", "c2")),
    ]
    data = DataSet("d", tuple(examples))
    file = tmp_path / "d.jsonl"
    file.write_text(data.to_jsonl())
    reading = check(file)
    assert [each.origin for each in reading.examples] == [each.origin for each in examples] and not reading.warnings
    assert reading.dataset().origins == {"a.md": ["c1", "c2"]}
    assert data.fingerprint == DataSet("d", tuple(replace(each, origin=None) for each in examples)).fingerprint
    train, validation = reading.dataset().split(0.5)
    assert {*train.origins.get("a.md", ()), *validation.origins.get("a.md", ())} == {"c1", "c2"}
