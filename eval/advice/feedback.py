"""What users say of a version's answers: whether their ratings fall, and which corrections wait to be learnt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossover.adapters.registry import AdapterVersion
from crossover.eval.advice.evidence import Drift

_LEAST = 10  # ratings in each half: with fewer no outcome could be told from chance
_GOOD = {"good": 1.0, "up": 1.0, "bad": 0.0, "down": 0.0, True: 1.0, False: 0.0, -1: 0.0}  # True is 1, False 0


@dataclass(frozen=True, slots=True)
class Told:
    """One rated or corrected answer: 1 for a good one, 0 for a bad one, None where only a correction was given."""

    at: datetime
    question: str
    good: float | None
    correction: str | None


def read_told(home: Path, version: AdapterVersion) -> list[Told]:
    """What was told of the answers of a version since its training, the oldest first, the last word on each answer.

    Lines that say nothing of it, torn ones among them, are passed over: here they are evidence, not data.
    """
    told: dict[str, Told] = {}
    for number, row in enumerate(_rows(home)):
        adapter, at = row.get("adapter"), _time(row.get("at") or row.get("time"))
        if adapter not in (version.served_name, version.name) or at is None or at < version.card.trained_at:
            continue
        rating, correction = row.get("rating"), row.get("correction")
        good = _GOOD.get(rating) if isinstance(rating, str | bool | int) else None
        if good is not None or correction:
            answer = f"{row.get('answer_id') or number}/{row.get('choice', 0)}"
            told[answer] = Told(at, str(row.get("question", "")), good, str(correction) if correction else None)
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


def _rows(home: Path) -> Iterator[dict[str, Any]]:
    for file in sorted((home / "feedback").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else datetime.fromisoformat(value)
    except (TypeError, ValueError, OSError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
