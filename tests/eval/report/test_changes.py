"""What changed between two reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from crossover.eval import scoring
from crossover.eval.questions import SEEN, Question, QuestionSet
from crossover.eval.report.changes import changes, of_two
from crossover.eval.scoring import RunsError
from crossover.server.cli import app

MakeRuns = Callable[..., Path]
BEFORE = {"base": {"none": 0.9}, "rag": {"old": 0.9, "new": 0.1}, "few-shot": {"old": 0.5}}
HOME = Path("absent")  # no adapter answered
AFTER = {"base": {"none": 0.9}, "rag": {"old": 0.9, "new": 0.9}, "hybrid": {"old": 0.5}}


@pytest.fixture
def folders(make_runs: MakeRuns) -> list[Path]:
    return [make_runs(BEFORE, "before"), make_runs(AFTER, "after")]


def test_what_is_shown_to_change_is_said_and_nothing_else(folders: list[Path]) -> None:
    two = of_two(folders, HOME)
    assert two is not None
    found = changes(*two, ("before", "after"))
    assert list(found.changes) == ["overall", "old", "new", "none"]
    assert list(found.changes["new"]) == ["base", "rag"]
    new = found.changes["new"]["rag"]
    assert new.difference.words == "better"
    assert new.difference.difference == pytest.approx(new.after - new.before)
    assert found.changes["old"]["rag"].difference.words == "no difference shown"
    assert {sentence.partition(":")[0] for sentence in found.sentences} == {
        "rag is better overall",
        "rag is better on new",
    }
    assert (found.gone, found.added) == (["few-shot"], ["hybrid"])
    back = changes(two[1], two[0], ("after", "before"))
    assert back.changes["new"]["rag"].difference.words == "worse"


def test_what_an_adapter_was_trained_on_stays_out_of_the_headline(make_runs: MakeRuns) -> None:
    plain = QuestionSet("plain", tuple(Question(f"{n}", f"What is {n}?", ("x",), "all", f"{n}") for n in range(40)))
    before, after = (scoring.load([make_runs({"rag": {"all": 0.5}}, name, plain)]) for name in ("before", "after"))
    seen = np.arange(40) < 31
    found = changes(before, replace(after, automatic={"training": {SEEN: seen}}), ("before", "after"))
    assert found.changes["overall"]["rag"].after == after.run("rag").exact[31:].mean() != 0.5
    assert list(found.changes) == ["overall"]
    with pytest.raises(RunsError, match="trained on every question"):
        changes(before, replace(after, automatic={"training": {SEEN: seen | True}}), ("before", "after"))


def test_the_same_answers_have_not_changed(folders: list[Path]) -> None:
    one = scoring.load([folders[0]])
    assert changes(one, one, ("a", "b")).sentences == ["No change is shown in any strategy."]


def test_folders_that_belong_side_by_side_are_one_report(make_runs: MakeRuns) -> None:
    first, second = make_runs({"rag": {}}, "first"), make_runs({"base": {}}, "second")
    assert of_two([first, second], HOME) is None
    assert of_two([first], HOME) is None


def test_other_questions_cannot_be_compared(make_runs: MakeRuns) -> None:
    others = QuestionSet("others", (Question("1", "Else?", ("x",), "all", "1"),))
    with pytest.raises(RunsError, match="its questions are not those of"):
        of_two([make_runs({"rag": {}}, "first"), make_runs({"rag": {}}, "second", others)], HOME)


def test_the_command_shows_two_folders_of_the_same_strategies_as_changes(folders: list[Path]) -> None:
    arguments = ["eval", "report", *map(str, folders)]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0, shown.stderr
    words = " ".join(shown.stdout.split())
    assert "rag is better on new: " in words
    assert "only before: few-shot only after: hybrid" in words
    document = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert document["changes"]["new"]["rag"]["after"] > document["changes"]["new"]["rag"]["before"]
    refused = CliRunner().invoke(app, [*arguments, "--fail-under", "0.5"])
    assert refused.exit_code == 2
    assert "Give the newer folder alone" in " ".join(refused.stderr.split())
