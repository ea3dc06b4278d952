"""learning-curve.json, and what report.json says under `learning_curve`."""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from crossover.eval.learning_curve.crossing import REACH, Crossing

FILE = "learning-curve.json"


class CurveFileError(ValueError):
    """A learning-curve file is missing or is none."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Point(_Part):
    """One arm's score with one adapter, trained on `size` examples."""

    size: int
    seed: int
    adapter: str
    score: float


class Fitted(_Part):
    """Where an arm overtakes retrieval in one slice.

    Args:
        examples: the best guess; null: not within REACH times the most trained on.
        interval: 80 %; its low edge null means never, its high edge null that it may never happen. The smallest
            size stands for "that or fewer".
        words: "at", "already at the smallest", "never", "falls" (more examples make it worse), "not shown" or
            "too few trainings".
        never: the share of resamples in which it does not happen.
        level, gain, bend: the curve, see `fit`.
        training_deviation: by how much the scores of trainings on as many examples differ, one deviation.
        sentence: the same in words.
    """

    examples: int | None
    interval: tuple[int | None, int | None]
    words: str
    never: float
    level: float
    gain: float
    bend: float
    training_deviation: float
    sentence: str

    @classmethod
    def of(cls, found: Crossing, arm: str, rival: str, largest: int) -> Fitted:
        """What is written of a crossing."""
        curve = found.curve
        return cls(
            examples=_whole(found.examples),
            interval=(_whole(found.low), _whole(found.high)),
            words=found.words,
            never=found.never,
            level=float(curve.level[0]),
            gain=float(curve.gain[0]),
            bend=float(curve.bend[0]),
            training_deviation=found.training_deviation,
            sentence=_sentence(found, arm, rival, largest),
        )


class Checked(_Part):
    """What training at a predicted crossing found: the arm's score there minus the rival's, with a 95 % interval."""

    arm: str
    size: int
    trainings: int
    difference: float
    interval: tuple[float, float]
    holds: bool


class LearningCurve(_Part):
    """The whole document; empty where no learning curve was given to a report.

    Args:
        rival: the arm to be overtaken, and `rival_scores` its score in each slice.
        points, crossings: by slice (``overall`` first), then by arm.
    """

    sentence: str = ""
    by_slice: str = ""
    question_set: dict[str, str] = {}
    examples: dict[str, str | int] = {}
    sizes: list[int] = []
    seeds: list[int] = []
    rival: str = ""
    rival_scores: dict[str, float] = {}
    points: dict[str, dict[str, list[Point]]] = {}
    crossings: dict[str, dict[str, Fitted]] = {}
    checked: list[Checked] = []


def load_curve(path: Path) -> LearningCurve:
    """The document of a learning-curve file.

    Raises:
        CurveFileError: no such file, or not one that `crossover eval learning-curve` wrote.
    """
    file = path / FILE if path.is_dir() else path
    try:
        return LearningCurve.model_validate_json(file.read_bytes())
    except OSError as error:
        raise CurveFileError(f"{file}: cannot be read: {error.strerror}; give a {FILE}") from error
    except ValidationError as error:
        raise CurveFileError(f"{file}: not a {FILE}; `crossover eval learning-curve` writes them") from error


def _whole(size: float) -> int | None:
    return None if math.isinf(size) else round(size)


def _sentence(found: Crossing, arm: str, rival: str, largest: int) -> str:
    if found.words == "too few trainings":
        return f"when {arm} overtakes {rival} is not told: that takes four trainings on three sizes at least"
    if found.words == "never":
        return f"{arm} never overtakes {rival} (not within {REACH * largest:,} examples)"
    if found.words == "falls":
        return f"{arm} gets worse with more examples, so that it overtakes {rival} at no number of them"
    if found.words == "already at the smallest":
        return f"{arm} is above {rival} with {found.smallest:,} examples already"
    low = f"{found.smallest:,} or fewer" if found.low <= found.smallest else _about(found.low)
    high = "never" if math.isinf(found.high) else _about(found.high)
    if found.words == "not shown":
        return f"that {arm} overtakes {rival} is not shown (80 % interval {low} examples to {high})"
    return f"{arm} overtakes {rival} at about {_about(found.examples)} examples (80 % interval {low} to {high})"


def _about(size: float) -> str:
    """Two figures are as many as such an estimate has."""
    return f"{int(float(f'{size:.2g}')):,}"
