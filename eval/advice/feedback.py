"""What users say of a version's answers: whether their ratings fall, and which corrections wait to be learnt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crossover.adapters.feedback import read_feedback
from crossover.adapters.registry import AdapterVersion
from crossover.eval.advice.evidence import Drift

_LEAST = 10  # ratings in each half: with fewer no outcome could be told from chance


@dataclass(frozen=True, slots=True)
class Told:
    """One rated or corrected answer: 1 for a good one, 0 for a bad one, None where only a correction was given."""

    at: datetime
    question: str
    good: float | None
    correction: str | None


def read_told(home: Path, version: AdapterVersion) -> list[Told]:
    """What was told of the answers of a version since its training, the oldest first, the last word on each answer."""
    told: dict[tuple[str, int], Told] = {}
    for line in read_feedback(home)[0]:
        said = line.feedback
        if said.adapter not in (version.served_name, version.name) or said.at < version.card.trained_at:
            continue
        if said.rating or said.correction:
            good = float(said.rating == "good") if said.rating else None
            told[said.answer_id, said.choice] = Told(said.at, said.question, good, said.correction)
    return sorted(told.values(), key=lambda each: each.at)


def drift_of(told: list[Told]) -> Drift | None:
    """The later half of the ratings against the earlier one; None where they are too few."""
    import numpy as np

    from crossover.eval.statistics import compare_apart

    ratings = np.array([each.good for each in told if each.good is not None], np.float64)
    half = len(ratings) // 2
    if half < _LEAST:
        return None
    before, now = ratings[:half], ratings[half:]
    groups = [str(n) for n in range(len(ratings))]
    comparison = compare_apart(now, groups[half:], before, groups[:half])
    return Drift("ratings", float(before.mean()), float(now.mean()), comparison)
