"""From run files to scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crossover.eval import scoring
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.run_log import RunLog
from crossover.eval.scoring import RunsError

MakeRuns = Callable[..., Path]


def test_arms_come_in_their_usual_order_with_scores_in_the_questions_order(
    make_runs: MakeRuns, questions: QuestionSet
) -> None:
    evaluation = scoring.load([make_runs({"hybrid": {"old": 1.0}, "base": {"none": 1.0}, "rag": {}})])
    assert [run.arm for run in evaluation.runs] == ["base", "rag", "hybrid"]
    assert evaluation.questions.digest == questions.digest
    assert evaluation.questions.name == "handmade"
    assert list(evaluation.runs[0].exact) == [float(question.slice == "none") for question in questions]
    assert evaluation.runs[2].prompt_tokens == 262
    assert len(evaluation.retrieved["old-0"]) == 5


def test_runs_of_several_folders_are_compared_when_they_answer_the_same_questions(make_runs: MakeRuns) -> None:
    first, second = make_runs({"rag": {}}, "first"), make_runs({"base": {}}, "second")
    assert [run.arm for run in scoring.load([first, second]).runs] == ["base", "rag"]
    with pytest.raises(RunsError, match="rag was run in more than one of"):
        scoring.load([first, make_runs({"rag": {}}, "third")])
    others = QuestionSet("others", (Question("1", "Else?", ("x",), "all", "1"),))
    with pytest.raises(RunsError, match="its questions are not those of"):
        scoring.load([first, make_runs({"base": {}}, "fourth", others)])


def test_what_was_found_is_of_the_folder_that_rag_answered_in(make_runs: MakeRuns) -> None:
    first, second = make_runs({"base": {}}, "first"), make_runs({"rag": {}}, "second")
    for folder in (first, second):
        path = folder / "retrieval.jsonl"
        path.write_text(path.read_text().replace(".md", f".{folder.name}"))
    assert scoring.load([first, second]).retrieved == scoring.load([second]).retrieved
    (second / "retrieval.jsonl").unlink()
    assert scoring.load([first, second]).retrieved == scoring.load([first]).retrieved


def test_arms_that_were_only_begun_are_left_out(make_runs: MakeRuns) -> None:
    folder = make_runs({"rag": {}})
    for name in ("finetune", "rag+gold"):
        RunLog(folder / f"{name}.jsonl", {}, {"arm": name}).close()
    (folder / "hybrid.jsonl").touch()
    found = scoring.load([folder])
    assert ([run.arm for run in found.runs], found.gold) == (["rag"], {})


def test_an_unfinished_run_says_how_to_finish_it(make_runs: MakeRuns) -> None:
    folder = make_runs({"rag": {}})
    lines = (folder / "rag.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "rag.jsonl").write_bytes(b"".join(lines[:-3]) + lines[-3][:20])
    with pytest.raises(RunsError, match=r"3 of 80 questions are not answered yet .* it goes on where it stopped"):
        scoring.load([folder])


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunsError, match="no runs in it"):
        scoring.load([tmp_path])
