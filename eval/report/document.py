"""What report.json holds, in its order: first what a script asks for, then what it rests on."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from crossover.eval.learning_curve.document import LearningCurve
from crossover.eval.money.document import BreakEven
from crossover.eval.statistics import Comparison, Estimate
from crossover.eval.top_set import TopSet


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Score(_Part):
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


class Difference(_Part):
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
            detectable=comparison.detectable,
            questions_needed=comparison.questions_needed,
        )


class Winner(_Part):
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


class Retrieval(_Part):
    """How often and how high up the search brought the document, over `n` questions that have one.

    `mrr` and `ndcg_at_5` are null in reports written before they were measured.
    """

    recall_at_1: float
    recall_at_2: float
    recall_at_5: float
    n: int
    mrr: float | None = None
    ndcg_at_5: float | None = None


class Refusals(_Part):
    """Precision and recall of "not known", and how often a question with an answer was refused."""

    precision: float | None
    recall: float | None
    false_rate: float | None
    refusals: int


class Failures(_Part):
    """One arm's wrong answers by cause.

    Args:
        weakest: the component that most of them come from; null when none comes from a component.
        worth: the share of all questions that mending it would put right, at most.
        questions: the ids behind each count.
    """

    wrong: int
    causes: dict[str, int]
    weakest: str | None
    worth: float
    questions: dict[str, list[str]]


class Oracle(_Part):
    """One arm with one of its components replaced by an oracle: what mending that would be worth, at most.

    Args:
        component: as `Failures.weakest` names it.
        instead: what stood in its place.
        arm: whose answers they are; for the router, the arm that it would have to beat.
        score, with_oracle: exact match without and with it.
        gain: with it minus without.
    """

    component: str
    instead: str
    arm: str
    score: float
    with_oracle: float
    gain: Difference


class Resolution(_Part):
    """What the questions of one row can tell apart, by the paired variance of the best arm and its nearest rival.

    Args:
        detectable: the smallest difference that is shown in 4 of 5 cases, after the correction for all comparisons.
        shown: whether the difference between these two is shown.
        decidable: whether any outcome could have been significant.
        more_questions: how many more would show the difference found; null when it is shown, or none was found.
    """

    questions: int
    groups: int
    best: str
    rival: str
    difference: float
    detectable: float
    shown: bool
    decidable: bool
    more_questions: int | None


class Agreed(_Part):
    """A judge's verdicts beside `n` known ones.

    Args:
        kappa: Cohen's; null where it cannot be computed.
        missing: verdicts that it did not give, by reason.
        kinds: of each kind of answer the share of verdicts that agree, and how many there are.
    """

    kappa: float | None
    n: int
    missing: dict[str, int]
    kinds: dict[str, tuple[float, int]]


class JudgedScore(_Part):
    """One arm by one judged metric, over what was judged; `missing` counts the rest by reason."""

    score: Score | None
    missing: dict[str, int]


class JudgeReport(_Part):
    """What a judge said of each arm, by ragas' own metrics, and how far it can be trusted.

    Args:
        trusted: whether it agrees with the labelled sample well enough to carry the headline.
    """

    model: str
    sample: str
    agreements: dict[str, Agreed]
    trusted: bool
    carries_headline: bool
    sentence: str
    metrics: dict[str, dict[str, JudgedScore]]

    @property
    def names(self) -> list[str]:
        """The metrics that some arm has."""
        return list(dict.fromkeys(name for columns in self.metrics.values() for name in columns))


class Report(_Part):
    """The whole document.

    Args:
        automatic: the slices by kind where the question set named none; a question may lie in several.
        trainings: how many adapters what is said of fine-tuning rests on.
        headline: what scores, winners and recommendation count.
        judge: null where none was asked.
    """

    recommendation: str
    questions: int
    strategies: dict[str, Strategy]
    winners: dict[str, Winner]
    break_even: BreakEven
    learning_curve: LearningCurve
    missing: list[str]
    overall: Winner
    fine_tuning: dict[str, dict[str, Difference]]
    scope: str
    trainings: int = 1
    retrieval: dict[str, Retrieval]
    abstention: dict[str, Refusals]
    prices: dict[str, Any]
    question_set: dict[str, str]
    system: str
    asked_at: str
    versions: dict[str, str]
    failures: dict[str, Failures] = {}
    resolution: dict[str, Resolution] = {}
    oracles: list[Oracle] = []
    automatic: dict[str, list[str]] = {}
    headline: str = "exact match"
    judge: JudgeReport | None = None

    @property
    def slices(self) -> list[str]:
        """The slices in the order of the question set."""
        return list(self.winners)
