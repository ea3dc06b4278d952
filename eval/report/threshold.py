"""Thresholds for CI pipelines: which score must not fall below which number."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.eval.report.document import Report


class ThresholdError(ValueError):
    """A threshold cannot be read, or names what the report does not have."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least score of a strategy (None: the recommended one), overall or in one slice."""

    strategy: str | None
    slice: str | None
    least: float

    def failure(self, report: Report) -> str | None:
        """What is below, in words; None when the score is high enough.

        Raises:
            ThresholdError: the report has no such strategy or slice.
        """
        name = self.strategy or report.overall.strategy or report.overall.best
        strategy = report.strategies.get(name)
        if strategy is None:
            raise ThresholdError(f"--fail-under: no strategy {name!r} in it; there are {', '.join(report.strategies)}")
        if self.slice is not None and self.slice not in strategy.slices:
            raise ThresholdError(f"--fail-under: no slice {self.slice!r} in it; there are {', '.join(report.slices)}")
        score = strategy.score if self.slice is None else strategy.slices[self.slice].score
        where = f" on {self.slice}" if self.slice else ""
        return f"{name}{where} scores {score:.3f}, at least {self.least} asked for" if score < self.least else None


def parse(text: str) -> Threshold:
    """The threshold of SCORE, STRATEGY=SCORE or STRATEGY:SLICE=SCORE.

    Raises:
        ThresholdError: it is none of these, or the score is not between 0 and 1.
    """
    place, _, number = text.rpartition("=")
    strategy, _, slice_name = place.partition(":")
    try:
        least = float(number)
    except ValueError:
        least = -1.0
    if not 0 <= least <= 1:
        raise ThresholdError(f"--fail-under {text}: expected SCORE, STRATEGY=SCORE or STRATEGY:SLICE=SCORE, 0 to 1")
    return Threshold(strategy or None, slice_name or None, least)
