"""Break-even: at which loads, and from which day on, one arm has cost less than another. Exact, in whole numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossover.eval.money.arm_cost import ArmCost

MOST = 10_000_000  # questions a day; beyond it nothing is looked for


@dataclass(frozen=True, slots=True)
class Loads:
    """The loads, in questions a day from 1 to MOST, at which an arm costs less over the horizon.

    Args:
        spans: first and last load of each stretch, in order; none when it never does.
    """

    spans: tuple[tuple[int, int], ...]

    @property
    def onward(self) -> int | None:
        """The load from which on it always costs less; None when at the largest loads it does not."""
        return self.spans[-1][0] if self.spans and self.spans[-1][1] == MOST else None

    @property
    def last(self) -> int | None:
        """The largest load at which it costs less."""
        return self.spans[-1][1] if self.spans else None

    @property
    def first(self) -> int | None:
        """The smallest load at which it costs less."""
        return self.spans[0][0] if self.spans else None


def cheaper_loads(arm: ArmCost, rival: ArmCost, days: int) -> Loads:
    """At which loads `arm` costs less than `rival` over so many days.

    Between two loads at which either needs another GPU the difference is a straight line, so that each such
    stretch is cheaper up to a point, from a point on, throughout or nowhere.
    """
    starts = _steps(arm, rival)
    ends = np.append(starts[1:] - 1, MOST)
    slope = days * (arm.each_question - rival.each_question)
    at_start = arm.total(starts, days) - rival.total(starts, days)
    low, high = starts.copy(), ends.copy()
    if slope < 0:  # the more is asked, the better for the arm: cheaper from where the line falls below zero
        below = np.floor(np.minimum(at_start / -slope, float(MOST))).astype(np.int64) + 1
        low = np.where(at_start >= 0, starts + below, starts)
    elif slope > 0:
        above = np.ceil(np.minimum(-at_start / slope, float(MOST))).astype(np.int64) - 1
        high = np.where(at_start < 0, np.minimum(ends, starts + above), starts - 1)
    else:
        high = np.where(at_start < 0, ends, starts - 1)
    spans: list[tuple[int, int]] = []
    for first, last in zip(low.tolist(), high.tolist(), strict=True):
        if first > last:
            continue
        if spans and spans[-1][1] == first - 1:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return Loads(tuple(spans))


def pays_from_day(arm: ArmCost, rival: ArmCost, questions_per_day: float, days: int) -> int | None:
    """The day by whose end `arm` has cost less, and does so on every day after it up to the horizon.

    A retrain can throw it back behind the rival; then the day counts that ends the last such stretch.
    """
    dear = np.flatnonzero(~(differences(arm, rival, questions_per_day, days) < 0))
    if not len(dear):
        return 1
    day = int(dear[-1]) + 2
    return day if day <= days else None


def differences(arm: ArmCost, rival: ArmCost, questions_per_day: float, days: int) -> NDArray[np.float64]:
    """What `arm` has cost more than `rival` by the end of each day, shape (days,)."""
    passed = np.arange(1, days + 1)
    return arm.total(questions_per_day, passed) - rival.total(questions_per_day, passed)


def _steps(arm: ArmCost, rival: ArmCost) -> NDArray[np.int64]:
    """The first load of each stretch in which neither arm needs another GPU."""
    starts = [np.array([1], np.int64)]
    for gpus in (arm.gpus, rival.gpus):
        if gpus is None or gpus.price_per_day == 0:
            continue
        most = math.floor(MOST / gpus.questions_per_day)
        if most > MOST:  # each question another GPU: every load is a stretch of its own
            return np.arange(1, MOST + 1)
        full = np.arange(max(gpus.fewest, 1), most + 1) * gpus.questions_per_day
        starts.append(np.floor(full).astype(np.int64) + 1)
    found = np.unique(np.concatenate(starts))
    return found[found <= MOST]
