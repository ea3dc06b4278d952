"""The same training again with other seeds: what lets a report speak of fine-tuning, and not of one adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.eval.learning_curve.document import load_curve
from crossover.eval.learning_curve.plan import answered, answers_in
from crossover.eval.learning_curve.training import settings_of
from crossover.eval.money.footprint import find_version
from crossover.eval.questions import OVERALL
from crossover.eval.scoring import Evaluation, load

FINE_TUNED = ("finetune", "hybrid")


@dataclass(frozen=True, slots=True)
class Repeats:
    """How the arms score with each of several adapters, trained alike.

    Args:
        trainings: how many adapters, that of the report among them.
        scores: by slice (``overall`` first), then by arm; one score for each adapter, the report's own first.
    """

    trainings: int
    scores: Mapping[str, Mapping[str, tuple[float, ...]]]


def repeats(folder: Path | None, evaluation: Evaluation, homes: Sequence[Path]) -> Repeats | None:
    """What the trainings of a learning curve on all its examples say beside the report's adapter; None where nothing.

    They count where examples, settings and questions are those of the report, and exact match is what counts.

    Args:
        folder: of the learning curve.

    Raises:
        CurveFileError: no learning curve is in it.
    """
    if folder is None or len(evaluation.adapters) != 1 or evaluation.judged is not None:
        return None
    [name] = evaluation.adapters
    version, curve = find_version(name, homes), load_curve(folder)
    if version is None or curve.question_set.get("digest") != evaluation.questions.digest:
        return None
    card = version.card
    if card.data.fingerprint != curve.examples.get("fingerprint") or settings_of(card) != curve.training:
        return None
    arms = [run.arm for run in evaluation.runs if run.arm in FINE_TUNED]
    where = [answers_in(folder, int(curve.examples["count"]), seed) for seed in curve.seeds]
    asked = [load([answers]) for answers in where if answered(answers, arms)]
    others = [each for each in asked if each.adapters != [name]]
    if not others or not arms:
        return None
    scores = {
        slice_: {
            arm: tuple(float(each.run(arm).exact[evaluation.mask(slice_)].mean()) for each in (evaluation, *others))
            for arm in arms
        }
        for slice_ in (OVERALL, *evaluation.slices)
    }
    return Repeats(1 + len(others), scores)
