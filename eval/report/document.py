"""What report.json holds, in its order: first what a script asks for, then what it rests on."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from crossover.eval.learning_curve.document import LearningCurve
from crossover.eval.money.document import BreakEven
from crossover.eval.report.figures import CONFIG, Difference, Part, Score, Strategy, Winner


class Retrieval(Part):
    """How often and how high up the search brought the document, over `n` questions that have one.

    `mrr` and `ndcg_at_5` are null in reports written before they were measured.
    """

    recall_at_1: float
    recall_at_2: float
    recall_at_5: float
    n: int
    mrr: float | None = None
    ndcg_at_5: float | None = None


class Refusals(Part):
    """Precision and recall of "not known", and how often a question with an answer was refused."""

    precision: float | None
    recall: float | None
    false_rate: float | None
    refusals: int


class Failures(Part):
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


class Oracle(Part):
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


class Forgotten(Part):
    """Of what `beside` has right, without the adapter, how much `arm` has; `what`: answers or refusals."""

    arm: str
    beside: str
    what: str
    kept: Score


class Routed(Part):
    """The router beside always the same strategy, and beside the best strategy of each slice.

    Args:
        chosen: the share of the questions that each strategy got.
        beside: the others' scores; `gains` are those of `auto` over them.
    """

    score: float
    chosen: dict[str, float]
    beside: dict[str, float]
    gains: dict[str, Difference]


class Resolution(Part):
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


class Agreed(Part):
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


class JudgedScore(Part):
    """One arm by one judged metric, over what was judged; `missing` counts the rest by reason."""

    score: Score | None
    missing: dict[str, int]


class JudgeReport(Part):
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


class Report(BaseModel):
    """The whole document.

    Args:
        automatic: the slices by kind where the question set named none; a question may lie in several.
        trainings: how many adapters what is said of fine-tuning rests on.
        gate: what the promotion gate said, by adapter.
        routed: null where `auto` was not asked.
        headline: what scores, winners and recommendation count.
        judge: null where none was asked.
    """

    model_config = CONFIG

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
    routed: Routed | None = None
    forgotten: list[Forgotten] = []
    gate: dict[str, list[str]] = {}
    automatic: dict[str, list[str]] = {}
    headline: str = "exact match"
    judge: JudgeReport | None = None

    @property
    def slices(self) -> list[str]:
        """The slices in the order of the question set."""
        return list(self.winners)
