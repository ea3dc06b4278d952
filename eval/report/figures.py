"""The figures that all parts of a report are made of: a score, a difference, who wins, an arm."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from crossover.eval.statistics import Comparison, Estimate
from crossover.eval.top_set import TopSet

CONFIG = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Part(BaseModel):
    """A part of the document."""

    model_config = CONFIG


class Score(Part):
    """A mean score, 0 to 1, with its 95 % interval, over `n` questions about `groups` facts."""

    score: float
    interval: tuple[float, float]
    n: int
    groups: int

    @classmethod
    def of(cls, estimate: Estimate) -> Score:
        """The score of an estimate."""
        interval = (estimate.interval.low, estimate.interval.high)
        return cls(score=estimate.score, interval=interval, n=estimate.n, groups=estimate.groups)


class Difference(Part):
    """What separates two arms; `p_value` is adjusted for the comparisons beside it, the interval is not."""

    difference: float
    interval: tuple[float, float]
    p_value: float
    words: str
    detectable: float
    questions_needed: int | None

    @classmethod
    def of(cls, comparison: Comparison) -> Difference:
        """The difference of a comparison."""
        return cls(
            difference=comparison.difference,
            interval=(comparison.interval.low, comparison.interval.high),
            p_value=comparison.p_value,
            words=comparison.words,
            detectable=min(1.0, comparison.detectable),
            questions_needed=comparison.questions_needed,
        )


class Winner(Part):
    """The top set of a slice: `strategy` is its cheapest member and `tied` are the others.

    `strategy` is null when the top set holds every arm or the questions are too few to tell. `behind` is how far its
    members may be below the best one, for all that so many questions show.
    """

    strategy: str | None
    tied: list[str]
    beats: list[str]
    behind: float = 1.0  # as in a report from before this was told
    p_value: float
    best: str
    words: str
    against: dict[str, Difference]

    @classmethod
    def of(cls, top: TopSet, costs: dict[str, float]) -> Winner:
        """The winner of a top set, by the arms' costs."""
        undecided = not top.beats or not top.decidable
        by_cost = sorted(top.members, key=lambda arm: costs.get(arm, float("inf")))
        words = "best" if len(top.members) == 1 else "no difference shown" if top.decidable else "too few questions"
        return cls(
            strategy=None if undecided else by_cost[0],
            tied=by_cost if undecided else by_cost[1:],
            beats=list(top.beats),
            behind=top.behind,
            p_value=top.p_value,
            best=top.best,
            words=words,
            against={arm: Difference.of(comparison) for arm, comparison in top.against.items()},
        )

    @property
    def members(self) -> list[str]:
        """The whole top set, the cheapest first."""
        return self.tied if self.strategy is None else [self.strategy, *self.tied]


class Strategy(Score):
    """One arm's results: exact match overall and in each slice, cost, and its other figures."""

    cost_per_1000: float | None
    slices: dict[str, Score]
    token_f1: float
    ragas: dict[str, float | None]
    ragas_missing: dict[str, int]
    prompt_tokens: float | None
    completion_tokens: float | None
    milliseconds: float | None
    adapter: str | None
    refused_by_server: int
