"""How many examples an arm takes to overtake a rival, with an interval over questions and trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crossover.eval.intervals import resampled_means
from crossover.eval.learning_curve.fit import Array, Curves, fit
from crossover.eval.permutation import Scores

Words = Literal["at", "already at the smallest", "never", "falls", "not shown", "too few trainings"]

REACH = 10  # times the most examples trained on: what a curve says beyond is no news
LEVEL = 0.8
_PARAMETERS = 3  # of a curve; with no more trainings, nothing tells how much two of them differ
_CERTAIN = 0.9
_DRAWS = 1500
_SEED = 20260101
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Trained:
    """The scores of one arm with one adapter, shape (questions,), and on how many examples it was trained."""

    size: int
    scores: Scores


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where an arm's curve rises above a rival's score.

    Args:
        examples: the best guess; infinity: not within `REACH` times the most examples trained on.
        low, high: the 80 % interval; the smallest size trained on stands for "that or fewer", infinity for never.
        never: the share of resamples in which it does not happen.
        falls: the share of resamples in which more examples make the arm worse.
        trainings: how many different sizes, and how many trainings.
        curve: the fitted curve, one draw.
        training_deviation: by how much the true scores of two trainings on as many examples differ (one deviation).
    """

    examples: float
    low: float
    high: float
    smallest: int
    never: float
    falls: float
    trainings: tuple[int, int]
    curve: Curves
    training_deviation: float

    @property
    def words(self) -> Words:
        """What the interval allows to say."""
        if self.trainings[0] < _PARAMETERS or self.trainings[1] <= _PARAMETERS:
            return "too few trainings"
        if self.low == np.inf:
            return "never"
        if self.high <= self.smallest:
            return "already at the smallest"
        if self.falls >= _CERTAIN:
            return "falls"
        return "at" if self.examples < np.inf else "not shown"


def crossing(trained: Sequence[Trained], rival: Scores, groups: Sequence[str]) -> Crossing:
    """Where the curve through some trainings' scores rises above the rival's mean score.

    Whole groups of questions are resampled, the same ones for all trainings and the rival, because all were asked
    the same, beside one more group that only the arm gets right and one that only the rival does, so that no spread
    is ever zero (Bonett & Price 2012). On top of each score comes the noise of training, estimated from what scatters
    about the curve more than questions explain.

    Raises:
        ValueError: fewer than two sizes, or scores of different lengths.
    """
    sizes = np.array([each.size for each in trained], np.float64)
    columns = np.column_stack([*(each.scores for each in trained), rival])
    found, draws = columns.mean(0), resampled_means(*_with_one_each_way(columns, groups))[:_DRAWS]
    weights = _weights(found[:-1], len(rival))
    curve = fit(sizes, found[None, :-1], weights)
    between = _training_variances(sizes, found[:-1], draws[:, :-1], weights, curve)
    noise = np.random.default_rng(_SEED).normal(size=draws[:, :-1].shape) * np.sqrt(between)[:, None]
    noisy = draws[:, :-1] + noise
    reached = np.sort(_reached(sizes, noisy, weights, draws[:, -1]))
    logs = np.log(sizes) - np.average(np.log(sizes), weights=weights)
    tail = (1 - LEVEL) / 2
    low, high = (float(reached[round(q * (len(reached) - 1))]) for q in (tail, 1 - tail))
    return Crossing(
        examples=float(_reached(sizes, found[None, :-1], weights, found[-1:])[0]),
        low=low,
        high=high,
        smallest=int(sizes.min()),
        never=float(np.isinf(reached).mean()),
        falls=float((noisy @ (weights * logs) < -_ROUNDING * weights.sum()).mean()),
        trainings=(len(set(sizes)), len(sizes)),
        curve=curve,
        training_deviation=float(np.median(between)) ** 0.5,
    )


def _reached(sizes: Array, scores: Array, weights: Array, rival: Array) -> Array:
    """How many examples each draw takes: read off the curve among those trained on, off a saturating one beyond."""
    smallest, largest = float(sizes.min()), float(sizes.max())
    within = fit(sizes, scores, weights).reach(rival, smallest, largest)
    beyond = fit(sizes, scores, weights, saturating=True).reach(rival, largest, REACH * largest)
    return np.where(np.isinf(within), beyond, within)


def _with_one_each_way(columns: Array, groups: Sequence[str]) -> tuple[Array, list[str]]:
    size = max(1, round(len(groups) / len(set(groups))))
    arm_alone = np.ones((size, columns.shape[1]))
    arm_alone[:, -1] = 0
    return np.vstack([columns, arm_alone, 1 - arm_alone]), [*groups, *["\0arm"] * size, *["\0rival"] * size]


def _weights(scores: Array, questions: int) -> Array:
    """One over the variance of a share of right answers, kept off 0 and 1."""
    share = (scores * questions + 2) / (questions + 4)
    return questions / (share * (1 - share))


def _training_variances(sizes: Array, scores: Array, draws: Array, weights: Array, curve: Curves) -> Array:
    """How much two trainings differ beyond what questions explain, as it may be in each draw, shape (draws,).

    What scatters about the curve is the variance of so few points that it is itself uncertain (chi square); what
    the choice of questions puts there, by the same projection, is taken off.
    """
    points, freedom = len(sizes), len(sizes) - _PARAMETERS
    if freedom < 1:
        return np.zeros(len(draws))
    weights = weights / weights.sum()
    slopes = curve.slopes(sizes)
    off_curve = np.eye(points) - slopes @ np.linalg.pinv(slopes * np.sqrt(weights)[:, None]) * np.sqrt(weights)
    scatter = points / freedom * float(weights @ (scores - curve.at(sizes)[0]) ** 2)
    by_questions = (
        points / freedom * float(((draws - draws.mean(0)) @ off_curve.T) ** 2 @ weights @ np.ones(len(draws)))
    )
    by_questions /= len(draws)
    chance = np.random.default_rng(_SEED + 1).chisquare(freedom, len(draws)) / freedom
    return np.maximum(0.0, scatter / chance - by_questions)
