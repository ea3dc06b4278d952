"""The folder of a learning curve: what is asked again, what is not, and what comes out."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from crossover.adapters.examples import DataSet, Example
from crossover.eval.learning_curve.document import CurveFileError, LearningCurve, load_curve
from crossover.eval.learning_curve.driver import learning_curve
from crossover.eval.learning_curve.measure import check_sizes_of, checks, measure
from crossover.eval.learning_curve.plan import RIVAL, OtherCurve, Plan
from crossover.eval.questions import QuestionSet
from crossover.eval.run_log import RunLog
from crossover.eval.runs import QUESTIONS_FILE
from crossover.eval.scoring import RunsError
from crossover.server.cli import app
from crossover.server.settings import Settings

EXAMPLES = DataSet("train", tuple(Example(f"What is {n}?", f"Answer {n}") for n in range(400)))


def answer(folder: Path, arm: str, questions: QuestionSet, share: float, **asked: object) -> None:
    """The run of an arm that answers this share of the `old` questions right, and of the `new` ones only as rag."""
    rng = random.Random(f"{folder.name}{arm}")
    identity = {"question_set": questions.digest, "system": "fp_test", "documents": "d" * (arm != "finetune")} | asked
    with RunLog(folder / f"{arm}.jsonl", identity, {"arm": arm, "questions": questions.name}) as log:
        for question in questions:
            knows = ("old", "new") if arm == RIVAL else ("old",)
            right = question.slice in knows and rng.random() < share
            text = question.references[0] if right else "Something else"
            log.append({"id": question.id, "answer": text, "crossover": {"adapter": f"curve@{folder.name}"}})
    questions.write(folder / QUESTIONS_FILE)


@pytest.fixture
def plan(tmp_path: Path, questions: QuestionSet) -> Plan:
    """A curve whose trainings were all asked: finetune rises through rag's score, hybrid stands above it."""
    made = Plan(tmp_path / "curve", EXAMPLES, questions, (), (), (10, 30, 100, 300), (1, 2))
    answer(made.rival_answers, RIVAL, questions, 0.25)
    for size, finetune in zip(made.sizes, (0.05, 0.3, 0.7, 0.95), strict=True):
        for seed in made.seeds:
            answer(made.answers(size, seed), "finetune", questions, finetune)
            answer(made.answers(size, seed), "hybrid", questions, 0.95)
    return made


def test_when_everything_is_answered_nothing_is_started_and_the_curve_is_written(plan: Plan) -> None:
    document = learning_curve(plan, Settings(home=plan.folder / "unused"), Console(quiet=True))
    assert load_curve(plan.folder) == load_curve(plan.folder / "learning-curve.json") == document
    assert not (plan.folder / "adapters").exists()
    assert list(document.crossings) == ["overall", "old", "new", "none"]
    old = document.crossings["old"]
    assert old["finetune"].words == "at"
    assert 20 < (old["finetune"].examples or 0) < 120
    assert old["hybrid"].words == "already at the smallest"
    assert document.crossings["new"]["finetune"].words == "never"
    assert "hybrid is above it from the smallest training on for old" in document.by_slice
    assert document.crossings["none"]["finetune"].words == "not shown"  # neither ever answers
    assert "finetune never overtakes it on new;" in document.by_slice
    assert document.sentence.startswith("Trained on up to 300 examples, finetune overtakes rag at about ")
    assert [(point.size, point.seed) for point in document.points["old"]["hybrid"]][:3] == [(10, 1), (10, 2), (30, 1)]
    assert document.points["old"]["hybrid"][0].adapter == "curve@10-1"


def test_only_what_is_not_answered_is_made_again(plan: Plan, questions: QuestionSet) -> None:
    trainings = [(size, seed) for size in plan.sizes for seed in plan.seeds]
    assert plan.unanswered(trainings) == []
    lines = (plan.answers(30, 2) / "hybrid.jsonl").read_bytes().splitlines(keepends=True)
    (plan.answers(30, 2) / "hybrid.jsonl").write_bytes(b"".join(lines[:-1]))
    (plan.answers(100, 1) / "finetune.jsonl").unlink()
    assert plan.unanswered(trainings) == [(30, 2), (100, 1)]
    with pytest.raises(RunsError, match="1 of 80 questions are not answered yet"):
        measure(plan)
    assert plan.unanswered([(1000, 1)]) == [(1000, 1)]


def test_a_folder_takes_more_sizes_and_seeds_but_no_other_curve(plan: Plan) -> None:
    plan.begin("base-1")
    replace(plan, sizes=(10, 20), seeds=(1, 2, 3)).begin("base-1")
    with pytest.raises(OtherCurve, match="a learning curve of other base model is in it; give another folder"):
        plan.begin("base-2")
    with pytest.raises(OtherCurve, match="other examples, training with context"):
        replace(plan, examples=DataSet("fewer", EXAMPLES.examples[:100]), with_context=False).begin("base-1")


def test_the_prediction_is_checked_by_what_training_there_scores(plan: Plan, questions: QuestionSet) -> None:
    only = replace(plan, arms=("finetune",))
    document = measure(only)
    (size,) = check_sizes_of(document, len(EXAMPLES.examples))
    assert size == document.crossings["overall"]["finetune"].examples
    assert checks(only, document) == []  # not yet trained
    for seed in plan.seeds:
        answer(plan.answers(size, seed), "finetune", questions, 0.5)
    (found,) = checks(only, document)
    assert (found.size, found.trainings, found.holds) == (size, 2, True)
    for seed in plan.seeds:
        (plan.answers(size, seed) / "finetune.jsonl").unlink()
        answer(plan.answers(size, seed), "finetune", questions, 1.0)
    (found,) = checks(only, document)
    assert found.difference > 0.1
    assert not found.holds


@pytest.mark.parametrize(("arm", "name"), [("hybrid", "documents"), ("hybrid", "system"), ("finetune", "max_tokens")])
def test_answers_about_other_documents_or_asked_otherwise_make_no_curve(
    plan: Plan, questions: QuestionSet, arm: str, name: str
) -> None:
    document = measure(plan)
    (plan.answers(30, 2) / f"{arm}.jsonl").unlink()
    answer(plan.answers(30, 2), arm, questions, 0.3, **{name: "other"})
    with pytest.raises(OtherCurve, match=f"30-2: asked with other {name} than .*rag; remove the older of them"):
        measure(plan)
    at = document.crossings["overall"]["finetune"].model_copy(update={"words": "at", "examples": 30})
    with pytest.raises(OtherCurve, match=name):
        checks(plan, document.model_copy(update={"crossings": {"overall": {arm: at}}}))


def test_a_prediction_beyond_the_examples_there_are_cannot_be_checked(plan: Plan) -> None:
    document = measure(plan)
    assert check_sizes_of(document, 5) == []
    assert check_sizes_of(LearningCurve(), 400) == []


def test_a_file_that_is_no_learning_curve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CurveFileError, match="cannot be read"):
        load_curve(tmp_path / "none.json")
    (tmp_path / "other.json").write_text('{"sizes": "many"}')
    with pytest.raises(
        CurveFileError, match=r"not a learning-curve\.json; `crossover eval learning-curve` writes them"
    ):
        load_curve(tmp_path / "other.json")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give a file of examples and one of questions, or --world SEED"),
        (["train.jsonl", "q.jsonl"], "--documents: give the folder that rag is to answer from"),
        (["train.jsonl", "q.jsonl", "--documents", "none"], "--documents none: no such file or folder"),
        (["train.jsonl", "q.jsonl", "--documents", ".", "--sizes", "ten"], "--sizes ten: expected numbers separated"),
        (["train.jsonl", "q.jsonl", "--documents", ".", "--sizes", "10,99"], "expected numbers from 1 to 40"),
        (["--world", "1", "--strategies", "rag"], "--strategies rag: expected finetune, hybrid or both"),
        (["--world", "1", "--world-size", "huge"], "--world-size huge: no such size; choose from tiny, small, demo"),
    ],
)
def test_wrong_input_is_told_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    rows = [{"prompt": f"What is {n}?", "completion": f"It is {n}."} for n in range(40)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "q.jsonl").write_text('{"question": "What is 1?", "references": ["It is 1."]}\n')
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["eval", "learning-curve", *arguments])
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["q.jsonl", "train.jsonl"]
