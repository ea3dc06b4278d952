"""What one arm costs over time: once, with each retrain, each day, with each question, and in steps of whole GPUs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

MONTH_DAYS = 30
_ROUNDING = 1e-9  # a retrain every 30 / 7 days falls due on day 30, whatever 30 / 7 is in binary


@dataclass(frozen=True, slots=True)
class Gpus:
    """A step function of the load.

    Args:
        questions_per_day: what one GPU carries, its peak allowed for.
        price_per_day: of one GPU.
        fewest: running even without a load.
    """

    questions_per_day: float
    price_per_day: float
    fewest: int = 1

    def needed(self, questions_per_day: ArrayLike) -> NDArray[np.float64]:
        """How many GPUs carry each load."""
        load = np.asarray(questions_per_day, np.float64)
        needed: NDArray[np.float64] = np.maximum(float(self.fewest), np.ceil(load / self.questions_per_day))
        return needed


@dataclass(frozen=True, slots=True)
class ArmCost:
    """The prices of one arm, apart by what they depend on.

    Args:
        once: before the first question.
        each_retrain: whenever `retrains_per_month` lets one fall due; the first not on day 0.
        each_day: whatever the load.
        each_question: what grows with it.
        gpus: None where answering is paid for by the token.
    """

    arm: str
    once: float
    each_retrain: float
    retrains_per_month: float
    each_day: float
    each_question: float
    gpus: Gpus | None = None

    def retrains(self, days: ArrayLike) -> NDArray[np.float64]:
        """How many have fallen due by the end of each day."""
        return np.floor(np.asarray(days, np.float64) * self.retrains_per_month / MONTH_DAYS + _ROUNDING)

    def daily(self, questions_per_day: ArrayLike) -> NDArray[np.float64]:
        """What a day costs at each load, trainings left out."""
        load = np.asarray(questions_per_day, np.float64)
        steps = self.gpus.needed(load) * self.gpus.price_per_day if self.gpus else 0.0
        return self.each_day + self.each_question * load + steps

    def total(self, questions_per_day: ArrayLike, days: ArrayLike) -> NDArray[np.float64]:
        """Everything paid by the end of each day; loads and days are broadcast."""
        paid = np.asarray(days, np.float64) * self.daily(questions_per_day)
        return self.once + self.retrains(days) * self.each_retrain + paid

    def per_1000(self, questions_per_day: float, days: int) -> float:
        """Everything paid over so many days, for each 1,000 questions asked in them."""
        return float(self.total(questions_per_day, days)) / (questions_per_day * days) * 1000
