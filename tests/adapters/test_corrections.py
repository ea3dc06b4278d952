"""`crossover data from-feedback`: which corrections become examples, and what is said of the others."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crossover.adapters.data_commands import app
from crossover.adapters.feedback import Feedback, read_feedback, record
from crossover.adapters.formats import read
from crossover.adapters.preferences.reading import read_pairs
from crossover.adapters.prompt import Message
from crossover.adapters.settings import AdapterSettings

WHO = "Who runs the Velmora office?"
BEGIN = datetime(2031, 5, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def say(home: Path, minute: int, answer_id: str, question: str = WHO, **fields: Any) -> None:
    """Somebody's word on an answer, on one of two servers."""
    row = {"answer": "Anna Tovan [1]", "model": "rag", "strategy": "rag", "adapter": None, "rating": "bad"}
    at = BEGIN + timedelta(minutes=minute)
    record(home, f"server{minute % 2}", Feedback(at=at, answer_id=answer_id, question=question, **(row | fields)))


def from_feedback(home: Path, *arguments: object) -> Result:
    context = SimpleNamespace(settings=AdapterSettings(home=home))
    words = ["from-feedback", "-o", home / "out.jsonl", *arguments]
    return CliRunner().invoke(app, [str(word) for word in words], obj=context)


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_corrected_answers_become_examples_and_the_rest_is_named(home: Path) -> None:
    say(home, 0, "a", correction="Berit Halm")
    say(home, 1, "a", correction="Berit Halm, since May. [2]")  # the last word on this answer
    say(home, 2, "b", question="When is tea?", rating="good")
    say(home, 3, "c", question="who runs the Velmora office", correction="Berit Halm, since May")
    say(home, 4, "d", question="And the archive?", correction="anna tovan.")
    say(home, 5, "e", question="And who else?", correction="Dora Penn", system="Be brief.",
        history=(Message("user", WHO), Message("assistant", "Berit Halm")))  # fmt: skip
    told = document(from_feedback(home, "--json"))
    assert told["rows"] == 2 and told["rated_alone"] == 1
    assert told["left_out"] == {"replaced": 1, "duplicate": 1, "unchanged": 1}
    assert any(f"{home}/feedback/server0.jsonl:1:correction: warning: found another one later" in each
               for each in told["findings"])  # fmt: skip
    first, second = read(home / "out.jsonl").examples
    assert (first.question, first.answer) == (WHO, "Berit Halm, since May.")
    assert (second.system, [turn.content for turn in second.history]) == ("Be brief.", [WHO, "Berit Halm"])


def test_corrections_that_contradict_each_other_are_reported_and_none_is_taken(home: Path) -> None:
    say(home, 0, "a", correction="Berit Halm")
    say(home, 1, "b", correction="Carlo Vint")
    say(home, 2, "c", question="When is tea?", correction="At 15:30")
    told = document(from_feedback(home, "--json"))
    assert told["rows"] == 1 and told["left_out"] == {"contradiction": 2}
    assert '"Berit Halm" (server0.jsonl:1), "Carlo Vint" (server1.jsonl:1)' in told["findings"][0]
    assert [each.answer for each in read(home / "out.jsonl").examples] == ["At 15:30"]
    assert document(from_feedback(home, "--newest", "--json"))["left_out"] == {"contradiction": 1}
    assert [each.answer for each in read(home / "out.jsonl").examples] == ["Carlo Vint", "At 15:30"]


def test_personal_data_in_a_correction_is_warned_about_at_its_line(home: Path) -> None:
    say(home, 0, "a", question="When is tea?", correction="At 15:30")
    say(home, 1, "b", correction="Write to berit.halm@velmora-office.net")
    told = from_feedback(home)
    assert told.exit_code == 0 and f"{home}/out.jsonl:2:completion: warning: found an e-mail address" in told.stderr
    assert "2 examples" in told.stdout


def test_pairs_put_the_correction_before_what_was_answered(home: Path) -> None:
    say(home, 0, "a", correction="Berit Halm")
    assert from_feedback(home, "--pairs").exit_code == 0
    (pair,) = read_pairs(home / "out.jsonl").pairs
    assert (pair.question, pair.chosen, pair.rejected) == (WHO, "Berit Halm", "Anna Tovan [1]")


def test_without_a_correction_nothing_is_written(home: Path) -> None:
    assert isinstance(from_feedback(home).exception, RuntimeError)
    say(home, 0, "a", rating="good")
    told = from_feedback(home)
    assert "1 answers have feedback, none a correction to learn" in str(told.exception)
    assert not (home / "out.jsonl").exists()


def test_a_line_torn_by_a_kill_is_no_feedback_and_a_foreign_one_is_named(home: Path) -> None:
    say(home, 0, "a", correction="Berit Halm")
    with (home / "feedback" / "server0.jsonl").open("a") as file:
        file.write('{"x": 1}\n{"at": "2031-05-01T00:0')
    lines, broken = read_feedback(home)
    assert [line.feedback.answer_id for line in lines] == ["a"]
    assert [(each.line, each.code) for each in broken] == [(2, "broken")]


def test_a_chat_that_begins_with_a_greeting_or_has_two_questions_in_a_row_becomes_turns_that_can_be_read(
    home: Path,
) -> None:
    greeting = (Message("assistant", "Hello, how can I help?"), Message("user", "I have a question."))
    say(home, 0, "a", correction="Berit Halm", history=greeting)
    assert document(from_feedback(home, "--json"))
    (example,) = read(home / "out.jsonl").examples
    assert (example.question, example.history) == (f"I have a question.\n\n{WHO}", ())
