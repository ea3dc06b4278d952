"""From run folders to a written report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.examples import Example
from crossover.eval import scoring
from crossover.eval.attribution import Taught, training_examples
from crossover.eval.judge.verdicts import Judging, verdicts
from crossover.eval.learning_curve.document import LearningCurve
from crossover.eval.money.footprint import kept
from crossover.eval.money.prices import Prices
from crossover.eval.report.build import build
from crossover.eval.report.document import Report
from crossover.eval.report.forgetting import gate_sentences
from crossover.eval.report.judged import headline_of, judge_report
from crossover.eval.report.oracles import sampled_again
from crossover.eval.report.repeats import Trainings, repeats
from crossover.eval.report.write import write
from crossover.eval.scoring import Evaluation
from crossover.eval.slices.recorded import with_slices
from crossover.indexer.embedding import Embedder
from crossover.indexer.settings import IndexerSettings


def report_folder(runs: Path) -> Path:
    """Where the report of a run folder belongs: HOME/reports/NAME for HOME/runs/NAME, else beside the answers."""
    resolved = runs.resolve()
    return resolved.parent.parent / "reports" / resolved.name if resolved.parent.name == "runs" else runs


@dataclass(frozen=True, slots=True)
class Beside:
    """What may stand in a report beside the runs.

    Attributes:
        curve: a learning curve.
        repeats: where the same training was asked with other seeds.
        again: a folder of the same questions and strategies, sampled once more.
        judging: who judges the answers; None leaves judged metrics out.
    """

    curve: LearningCurve | None = None
    repeats: Trainings | None = None
    again: Path | None = None
    judging: Judging | None = None


NOTHING = Beside()


def run_folder(given: Path) -> Path:
    """The answers behind a folder: itself, or HOME/runs/NAME for the report in HOME/reports/NAME."""
    resolved = given.resolve()
    answers = resolved.parent.parent / "runs" / resolved.name
    return answers if resolved.parent.name == "reports" and answers.is_dir() else given


def sliced(answers: Sequence[Path], home: Path | None) -> tuple[Evaluation, dict[str, list[Example]]]:
    """The scored runs of some folders, with automatic slices, and what their adapters were trained on.

    Raises:
        RunsError: a folder without finished runs, or runs that cannot be compared.
    """
    evaluation = scoring.load(answers)
    examples = training_examples(evaluation.adapters, _homes(answers[0], home))
    return with_slices(evaluation, answers[0], [each for known in examples.values() for each in known]), examples


def _homes(answers: Path, home: Path | None) -> list[Path]:
    """Where the adapters of a run may be: the home that was named, and HOME of HOME/runs/NAME."""
    beside_runs = answers.resolve().parent.parent
    return [home or beside_runs, beside_runs]


def make(
    folders: Sequence[Path],
    output: Path,
    prices: Prices,
    settings: IndexerSettings,
    home: Path | None = None,
    beside: Beside = NOTHING,
    told: Callable[[str], None] = lambda text: None,
) -> Report:
    """Score the runs of some folders (or of their reports), write the report into `output`, and return it.

    Args:
        settings: name the embedding model, for ragas' semantic similarity.
        home: where the adapters are, for what they were trained on and took; the first folder's, HOME/runs/NAME, is
            tried too.
        beside: what stands in the report beside the runs.
        told: called with the progress in words.

    Raises:
        RunsError: a folder without finished runs, or runs that cannot be compared.
        JudgeError: the judge's labelled sample cannot be read.
    """
    answers = [run_folder(folder) for folder in folders]
    homes = _homes(answers[0], home)
    evaluation, examples = sliced(answers, home)
    taught = {name: Taught(known) for name, known in examples.items()}
    similar = Embedder.of(settings).queries
    second = sampled_again(evaluation, run_folder(beside.again)) if beside.again else None
    judge, judging = None, beside.judging
    if judging is not None:
        found = verdicts(evaluation, judging, similar, answers[0] / "judge", told)
        evaluation = headline_of(evaluation, found, wanted=judging.headline)
        judge = judge_report(found, evaluation, wanted=judging.headline)
    known = kept(evaluation.adapters, homes)
    gate = gate_sentences(evaluation, homes)
    repeated = repeats(beside.repeats, evaluation, homes)
    report = build(evaluation, prices, similar, taught, known, beside.curve, second, judge, repeated, gate)
    write(report, evaluation, output)
    return report
