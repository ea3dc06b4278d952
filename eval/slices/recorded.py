"""Automatic slices for a scored evaluation, from what its run folder recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from crossover.adapters.examples import Example
from crossover.eval.questions import UNSLICED
from crossover.eval.router.features_file import FILE
from crossover.eval.run_log import read
from crossover.eval.scoring import Evaluation
from crossover.eval.slices.automatic import automatic
from crossover.eval.slices.subject import Subject


def with_slices(evaluation: Evaluation, folder: Path, trained_on: Iterable[Example]) -> Evaluation:
    """The evaluation with automatic slices where its questions name none; given slices win.

    Args:
        folder: of the answers.
        trained_on: the training examples of the adapters that answered.
    """
    if evaluation.questions.slices != (UNSLICED,):
        return evaluation
    rows = read(folder / FILE)[1] if (folder / FILE).exists() else []
    subject = Subject(
        questions=evaluation.questions,
        retrieved=evaluation.retrieved,
        trained_on=[example.question for example in trained_on if not example.history],
        features={str(row["id"]): row["features"] for row in rows},
    )
    return replace(evaluation, automatic=automatic(subject))
