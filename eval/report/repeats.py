"""The same training again with other seeds: what lets a report speak of fine-tuning, and not of one adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.adapters.registry import AdapterVersion
from crossover.eval.arms import FINE_TUNED
from crossover.eval.learning_curve.document import LearningCurve
from crossover.eval.learning_curve.plan import Plan, answered, answers_in
from crossover.eval.money.footprint import find_version
from crossover.eval.questions import OVERALL
from crossover.eval.scoring import Evaluation, load

_ASKED = ("question_set", "max_tokens", "temperature", "system", "documents", "prompt_settings")
"""What two runs of an arm must have alike, so that only the adapters differ."""


@dataclass(frozen=True, slots=True)
class Trainings:
    """Where adapters trained on all of some examples were asked: a home of its own, as a learning curve leaves it."""

    folder: Path
    size: int
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, plan: Plan) -> Trainings:
        """Those of a plan for repeats."""
        return cls(plan.folder, len(plan.examples.examples), tuple(plan.seeds))

    @classmethod
    def of_curve(cls, curve: LearningCurve, folder: Path) -> Trainings | None:
        """Those at the end of a learning curve; None where it tells of none."""
        return cls(folder, int(curve.examples["count"]), tuple(curve.seeds)) if curve.points else None


@dataclass(frozen=True, slots=True)
class Repeats:
    """How the arms score with each of several adapters, trained alike.

    Args:
        trainings: how many adapters, that of the report among them.
        scores: by slice (``overall`` first), then by arm; one score for each adapter, the report's own first.
    """

    trainings: int
    scores: Mapping[str, Mapping[str, tuple[float, ...]]]


def repeats(given: Trainings | None, evaluation: Evaluation, homes: Sequence[Path]) -> Repeats | str | None:
    """What other trainings say beside the report's adapter; or why they say nothing. None: none were given.

    They count where data, settings, questions and documents are those of the report, and exact match is what counts.
    """
    if given is None:
        return None
    arms = [run.arm for run in evaluation.runs if run.arm in FINE_TUNED]
    if evaluation.judged is not None or not arms or len(evaluation.adapters) != 1:
        return "they count beside one adapter, by exact match"
    own = find_version(evaluation.adapters[0], homes)
    if own is None:
        return f"the card of {evaluation.adapters[0]} is not here"
    folders = [answers_in(given.folder, given.size, seed) for seed in given.seeds]
    others: dict[str, Evaluation] = {}
    for asked in (load([folder]) for folder in folders if answered(folder, arms)):
        version = find_version(asked.adapters[0], [given.folder]) if len(asked.adapters) == 1 else None
        if version is None or _training(version) != _training(own):
            return "their adapters were trained on other examples or with other settings"
        if unlike := [arm for arm in arms if _asked(asked, arm) != _asked(evaluation, arm)]:
            return f"{', '.join(unlike)} was asked otherwise there (questions, documents or settings)"
        others[version.digest] = asked
    others.pop(own.digest, None)
    if not others:
        return "no other training on all the examples was asked"
    everyone = (evaluation, *others.values())
    scores = {
        slice_: {
            arm: tuple(float(each.run(arm).exact[evaluation.mask(slice_)].mean()) for each in everyone) for arm in arms
        }
        for slice_ in (OVERALL, *evaluation.slices)
    }
    return Repeats(len(everyone), scores)


def _training(version: AdapterVersion) -> dict[str, Any]:
    return {"data": version.card.data.fingerprint, **version.card.settings}


def _asked(evaluation: Evaluation, arm: str) -> dict[str, Any]:
    identity = evaluation.run(arm).header["identity"]
    return {name: identity.get(name) for name in _ASKED}
