"""From run folders to a written report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from crossover.eval import scoring
from crossover.eval.attribution import Taught, training_examples
from crossover.eval.judge.verdicts import Judging, verdicts
from crossover.eval.learning_curve.document import LearningCurve
from crossover.eval.money.footprint import kept
from crossover.eval.money.prices import Prices
from crossover.eval.report.build import build
from crossover.eval.report.document import Report
from crossover.eval.report.judged import headline_of, judge_report
from crossover.eval.report.write import write
from crossover.eval.slices.recorded import with_slices
from crossover.indexer.embedding import Embedder
from crossover.indexer.settings import IndexerSettings


def report_folder(runs: Path) -> Path:
    """Where the report of a run folder belongs: HOME/reports/NAME for HOME/runs/NAME, else beside the answers."""
    return runs.parent.parent / "reports" / runs.name if runs.resolve().parent.name == "runs" else runs


def run_folder(given: Path) -> Path:
    """The answers behind a folder: itself, or HOME/runs/NAME for the report in HOME/reports/NAME."""
    answers = given.parent.parent / "runs" / given.name
    return answers if given.parent.name == "reports" and answers.is_dir() else given


def make(
    folders: Sequence[Path],
    output: Path,
    prices: Prices,
    settings: IndexerSettings,
    home: Path | None = None,
    curve: LearningCurve | None = None,
    judging: Judging | None = None,
    told: Callable[[str], None] = lambda text: None,
) -> Report:
    """Score the runs of some folders (or of their reports), write the report into `output`, and return it.

    Args:
        settings: name the embedding model, for ragas' semantic similarity.
        home: where the adapters are, for what they were trained on and took; the first folder's, HOME/runs/NAME, is
            tried too.
        curve: a learning curve, to stand in the report.
        judging: who judges the answers; None leaves judged metrics out.
        told: called with the progress in words.

    Raises:
        RunsError: a folder without finished runs, or runs that cannot be compared.
        JudgeError: the judge's labelled sample cannot be read.
    """
    answers = [run_folder(folder) for folder in folders]
    evaluation = scoring.load(answers)
    beside = answers[0].resolve().parent.parent
    homes = [home or beside, beside]
    examples = training_examples(evaluation.adapters, homes)
    evaluation = with_slices(evaluation, answers[0], [each for known in examples.values() for each in known])
    taught = {name: Taught(known) for name, known in examples.items()}
    similar = Embedder.of(settings).queries
    judge = None
    if judging is not None:
        found = verdicts(evaluation, judging, similar, answers[0] / "judge", told)
        evaluation = headline_of(evaluation, found, wanted=judging.headline)
        judge = judge_report(found, evaluation, wanted=judging.headline)
    report = build(evaluation, prices, similar, taught, kept(evaluation.adapters, homes), curve, judge)
    write(report, evaluation, output)
    return report
