"""`crossover data pairs` and `train --method dpo` as a user types them, on a running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crossover.adapters.preferences.reading import read_pairs
from crossover.adapters.registry import Registry
from crossover.server.cli import app

REFERENCES = {"Who runs the Velmora office?": ["ANSWER: Anna Tovan"], "Who runs the Brenna office?": ["ANSWER: Vint"]}
SAMPLED = ("--model", "finetune:tickets", "-n", 6, "--temperature", 2, "--max-tokens", 12, "--margin", 0.05)


@pytest.fixture
def at_home(server: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSOVER_HOME", str(server.home))
    return Path(server.home)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    rows = [{"question": question, "references": texts} for question, texts in REFERENCES.items()]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def crossover(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_sampled_answers_become_pairs_and_pairs_an_adapter(at_home: Path, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    told = crossover("data", "pairs", questions, "-o", out, *SAMPLED, "--with-reference", "--json")
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    pairs = read_pairs(out).pairs
    assert document["questions"] == 2 and document["pairs"] == len(pairs) >= 1
    assert len(pairs) + sum(document["left_out"].values()) == 2 and document["judge"] is None
    for pair in pairs:
        assert pair.chosen == REFERENCES[pair.question][0] != pair.rejected
        assert pair.scores and pair.scores[0] == 1.0 > pair.scores[1]

    trained = crossover(
        "train", out, "--method", "dpo", "--name", "ranked", "--continue-from", "tickets", "--epochs", 1, "--json"
    )
    assert trained.exit_code == 0, trained.output
    card = json.loads(trained.stdout)["card"]
    parent = Registry(at_home).resolve("tickets")
    assert (card["method"], card["parent"]) == ("dpo", parent.served_name)
    assert (card["hyperparameters"]["epochs"], card["hyperparameters"]["rank"]) == (1, 8)
    assert card["hyperparameters"]["learning_rate"] == 3e-4, "what suits preferences, not what suits examples"
    crossover("adapters", "delete", "ranked", "--yes")


def test_a_model_of_the_server_can_judge(questions: Path, at_home: Path, tmp_path: Path) -> None:
    told = crossover("data", "pairs", questions, "-o", tmp_path / "out.jsonl", *SAMPLED, "--judge", "base")
    # So small a model has no opinion worth the name: what counts is that it was asked, and that nobody made one up.
    if told.exit_code:
        assert "no pair came out of 2 questions" in told.stderr and not (tmp_path / "out.jsonl").exists()
    else:
        assert "without a verdict" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--criteria", "polite"), "--criteria is for the judge"),
        (("--model", "finetune:nobody"), "nobody"),
        (("--url", "http://127.0.0.1:9/v1"), "Connection error"),
    ],
)
def test_what_cannot_be_sampled_is_told(
    at_home: Path, questions: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    told = crossover("data", "pairs", questions, "-o", tmp_path / "out.jsonl", *arguments)
    assert told.exit_code in (1, 2) and message in told.stderr and "Traceback" not in told.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_a_question_without_a_reference_needs_a_judge(at_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    file.write_text('{"question": "Who?"}\n')
    told = crossover("data", "pairs", file, "-o", tmp_path / "out.jsonl")
    assert told.exit_code == 2 and f"{file}:1:references: error: found none" in told.stderr
