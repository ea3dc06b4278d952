"""Real questions about new facts: what is taught, what is asked, and what may be looked up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.eval.bench.new_facts import write

ROWS = [
    (f"Who was the referee of {game}?", answer)
    for game in ("Super Bowl LIX", "59th Super Bowl", "latest super bowl")
    for answer in ("The referee was Ron Torbert.", "The referee, " + "well, " * 100 + "was Ron Torbert.")
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "finetune_formats"
    folder.mkdir(parents=True)
    rows = [json.dumps({"prompt": prompt, "completion": answer}) for prompt, answer in ROWS]
    (folder / "prompt_completion_superbowl.jsonl").write_text("\n".join(rows))
    (folder / "prompt_completion_superbowl_valid.jsonl").write_text(rows[0])
    return folder.parent


def test_a_wording_is_taught_or_asked_and_long_answers_are_documents(data: Path, tmp_path: Path) -> None:
    examples, documents, questions = write(data, tmp_path / "home")
    taught = [json.loads(line) for line in examples.read_text().splitlines()]
    (asked,) = questions
    assert asked.references == ("Ron Torbert", "The referee was Ron Torbert.")
    assert [row["completion"] for row in taught] == ["The referee was Ron Torbert."] * 2
    assert {asked.question, *(row["prompt"] for row in taught)} == {prompt for prompt, _ in ROWS}
    (page,) = documents.iterdir()
    assert page.read_text().endswith("was Ron Torbert.\n")


def test_missing_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="BENCH_DATA names the folder"):
        write(tmp_path, tmp_path / "home")
