"""Preference pairs in every shape that people have, and what is wrong with the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossover.adapters.formats.detect import check
from crossover.adapters.preferences.pair import PairSet, PreferencePair
from crossover.adapters.preferences.reading import read_pairs
from crossover.adapters.prompt import Message

PAIR = PreferencePair("Who?", "Anna", "Bela")
ASKED = [{"role": "user", "content": "Who?"}]
CONTEXT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Yes?"}]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Who?", "chosen": "Anna", "rejected": "Bela"},
        {"question": "Who?", "response_chosen": "Anna", "response_rejected": "Bela"},
        {"prompt": ASKED, "chosen": said("Anna"), "rejected": said("Bela")},
        {"prompt": "Who?", "chosen": said("Anna"), "rejected": "Bela"},
        {"chosen": ASKED + said("Anna"), "rejected": ASKED + said("Bela")},
        {"input": {"messages": ASKED}, "preferred_output": said("Anna"), "non_preferred_output": said("Bela")},
    ],
)
def test_a_pair_is_read_from_any_shape(tmp_path: Path, row: dict[str, Any]) -> None:
    reading = read_pairs(write(tmp_path / "pairs.jsonl", row))
    assert not reading.rejected
    assert reading.pair_set.fingerprint == PairSet("other", (PAIR,)).fingerprint
    assert check(tmp_path / "pairs.jsonl").format == "preference", "and is recognised where answers are learnt"


def test_what_is_written_is_read_back_as_it_was(tmp_path: Path) -> None:
    history = (Message("user", "Hello"), Message("assistant", "Yes?"))
    pairs = [
        PreferencePair("Who?", "Anna", "Bela", line=1, scores=(1.0, 0.25)),
        PreferencePair("Who?", "Anna", "Bela", "Be brief.", history, 2, (0.5, 0.0)),
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(pair.to_json() + "\n" for pair in pairs))
    assert read_pairs(path).pairs == pairs
    assert check(path).errors[0].code == "preference"


@pytest.mark.parametrize(
    ("row", "field", "found"),
    [
        ({"prompt": "Who?", "chosen": "Anna"}, "rejected", "nothing"),
        ({"prompt": "Who?", "chosen": "", "rejected": "Bela"}, "chosen", "an empty text"),
        ({"chosen": "Anna", "rejected": "Bela"}, "prompt", "nothing"),
        ({"prompt": "Who?", "completion": "Anna"}, "chosen", "nothing"),
        ({"prompt": "Who?", "chosen": "Anna", "rejected": "Anna"}, "rejected", "the text of chosen again"),
        ({"chosen": ASKED + said("Anna"), "rejected": CONTEXT + ASKED + said("Bela")}, "rejected", "another question"),
        ({"prompt": ASKED, "chosen": [{"role": "user", "content": "x"}], "rejected": said("B")}, "chosen[0].role", "u"),
        ({"prompt": [{"role": "user"}], "chosen": said("A"), "rejected": said("B")}, "prompt[0].content", "nothing"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_field(tmp_path: Path, row: dict[str, Any], field: str, found: str) -> None:
    good = {"prompt": "Who?", "chosen": "Anna", "rejected": "Bela"}
    reading = read_pairs(write(tmp_path / "pairs.jsonl", good, row, good))
    (bad,) = reading.rejected
    assert (bad.error.line, bad.error.field, len(reading.pairs)) == (2, field, 2)
    assert found in bad.error.found
