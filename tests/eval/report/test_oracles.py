"""What the report says that mending a component would be worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from crossover.eval import scoring
from crossover.eval.money.prices import load_prices
from crossover.eval.questions import QuestionSet
from crossover.eval.report.build import build
from crossover.eval.report.oracles import crossed, oracles, sampled_again
from crossover.eval.report.write import write
from crossover.eval.run_log import RunLog
from crossover.eval.scoring import RunsError

MakeRuns = Callable[..., Path]
RIGHTS: Mapping[str, Mapping[str, float]] = {
    "base": {"none": 1.0},
    "rag": {"old": 0.5, "new": 0.5, "none": 0.6},
    "finetune": {"old": 0.9},
}


def ask_with_gold(folder: Path, questions: QuestionSet, wrong: int = 0) -> None:
    """Answers of `rag` to the questions that have a document, all right but for the first few."""
    with RunLog(folder / "rag+gold.jsonl", {"gold": True}) as log:
        asked = [question for question in questions if question.relevant_documents]
        for n, question in enumerate(asked):
            log.append({"id": question.id, "answer": "Something else" if n < wrong else question.references[0]})


def test_gold_passages_say_what_retrieval_would_be_worth(
    make_runs: MakeRuns, questions: QuestionSet, tmp_path: Path
) -> None:
    folder = make_runs(RIGHTS)
    ask_with_gold(folder, questions, wrong=6)
    evaluation = scoring.load([folder])
    rag = next(run for run in evaluation.runs if run.arm == "rag")
    none = evaluation.mask("none")
    report = build(evaluation, load_prices(), None)
    found = report.oracles[0]
    assert (found.arm, found.component) == ("rag", "retrieval")
    # A question without a document keeps its answer.
    assert found.with_oracle == pytest.approx((54 + rag.exact[none].sum()) / 80)
    assert found.gain.difference == pytest.approx(found.with_oracle - found.score)
    assert found.gain.interval[0] > 0 and found.gain.words == "better"
    assert "rag+gold" not in report.strategies
    assert not any("better retrieval" in gap for gap in report.missing)
    write(report, evaluation, tmp_path / "out")
    for name in ("report.md", "report.html"):
        text = (tmp_path / "out" / name).read_text().replace("\u00a0", " ")
        assert "What mending would be worth by exact match, at most: rag with passages of the relevant docu" in text


def test_an_oracle_not_asked_is_said_to_be_missing(make_runs: MakeRuns) -> None:
    report = build(scoring.load([make_runs(RIGHTS)]), load_prices(), None)
    assert any("`crossover eval run --gold` asks it" in gap for gap in report.missing)
    assert [found.component for found in report.oracles] == ["the router"]
    assert "luck included" in report.oracles[0].instead
    assert report.oracles[0].arm == "rag"  # the best alone: no router was asked


def test_an_oracle_half_asked_is_not_scored(make_runs: MakeRuns, questions: QuestionSet) -> None:
    folder = make_runs(RIGHTS)
    with RunLog(folder / "rag+gold.jsonl", {"gold": True}) as log:
        log.append({"id": questions.questions[0].id, "answer": "x"})
    with pytest.raises(RunsError, match="59 of 60 questions are not answered yet"):
        scoring.load([folder])


def test_a_second_sampling_takes_the_luck_off_the_router(make_runs: MakeRuns, questions: QuestionSet) -> None:
    guessing = {arm: dict.fromkeys(questions.slices, 0.5) for arm in ("base", "few-shot", "rag", "finetune")}
    first = scoring.load([make_runs(guessing, "first")])
    again = make_runs(dict(reversed(guessing.items())), "same")
    with pytest.raises(RunsError, match="the same answers again"):
        sampled_again(first, again)
    lucky = oracles(first)[0]
    assert lucky.with_oracle > 0.85  # of four that guess one is nearly always right
    rng = np.random.default_rng(3)
    one, two = (rng.random((4, 2000)) < 0.5 for _ in range(2))
    assert crossed(one.astype(float), two.astype(float)).mean() == pytest.approx(0.5, abs=0.03)
    known = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert crossed(known, known).tolist() == [1.0, 1.0]


def test_a_second_sampling_of_fewer_strategies_is_refused(make_runs: MakeRuns) -> None:
    first = scoring.load([make_runs(RIGHTS, "first")])
    fewer = make_runs({arm: {"old": 0.2} for arm in ("base", "rag")}, "fewer")
    with pytest.raises(RunsError, match="no answers of finetune"):
        sampled_again(first, fewer)
