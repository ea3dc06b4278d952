"""What training took away, and whether choosing pays, as the report tells them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crossover.eval import scoring
from crossover.eval.money.prices import load_prices
from crossover.eval.report.build import build
from crossover.eval.report.document import Report
from crossover.eval.report.forgetting import forgetting_sentence
from crossover.eval.report.routed import BY_SLICE, routed_sentence
from crossover.eval.report.write import write
from crossover.eval.scoring import Evaluation

MakeRuns = Callable[..., Path]
RIGHTS = {
    "base": {"none": 1.0},
    "rag": {"old": 1.0, "new": 1.0, "none": 1.0},
    "finetune": {"old": 1.0},
    "hybrid": {"old": 1.0, "new": 0.5, "none": 0.5},
}


@pytest.fixture
def evaluation(make_runs: MakeRuns) -> Evaluation:
    return scoring.load([make_runs(RIGHTS)])


@pytest.fixture
def report(evaluation: Evaluation) -> Report:
    return build(evaluation, load_prices(), None, gate={"house@3f9c2a41d0be": ["It forgot nothing."]})


def test_what_is_kept_is_counted_where_the_same_strategy_without_the_adapter_is_right(report: Report) -> None:
    kept = {(row.arm, row.beside, row.what): row.kept for row in report.forgotten}
    assert set(kept) == {("finetune", "base", "refusals"), ("hybrid", "rag", "answers"), ("hybrid", "rag", "refusals")}
    assert kept["finetune", "base", "refusals"].score == 0.0
    reading = kept["hybrid", "rag", "answers"]
    assert reading.n == 60
    assert 0.6 < reading.interval[0] < reading.score < reading.interval[1] < 0.95
    assert "Of the refusals that base has right, finetune keeps 0 %" in forgetting_sentence(report.forgotten)


def test_without_a_strategy_to_compare_with_nothing_is_told(make_runs: MakeRuns) -> None:
    report = build(scoring.load([make_runs({"rag": RIGHTS["rag"]})]), load_prices(), None)
    assert report.forgotten == [] and report.routed is None
    assert forgetting_sentence(report.forgotten) == routed_sentence(report.routed) == ""


def test_the_router_stands_beside_every_strategy_and_the_best_of_each_slice(
    make_runs: MakeRuns, tmp_path: Path
) -> None:
    evaluation = scoring.load([make_runs({**RIGHTS, "auto": {"old": 1.0, "new": 0.9, "none": 0.6}})])
    report = build(evaluation, load_prices(), None, gate={"house@3f9c2a41d0be": ["It forgot nothing."]})
    found = report.routed
    assert found is not None
    assert list(found.beside) == ["always base", "always rag", "always finetune", "always hybrid", BY_SLICE]
    assert found.beside[BY_SLICE] == 1.0
    assert found.gains["always hybrid"].words == "better"
    assert found.gains["always rag"].words == "worse"
    assert routed_sentence(found).startswith("auto answers ")
    write(report, evaluation, tmp_path / "written")
    for name in ("report.html", "report.md"):
        text = (tmp_path / "written" / name).read_text()
        assert "Does choosing pay?" in text and "What training took away" in text
        assert "house@3f9c2a41d0be, at the gate: It forgot nothing." in text
