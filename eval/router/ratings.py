"""Rated answers as something to learn from: HOME/feedback joined with what the router saw of the question.

A rating tells of one strategy alone, the one that answered. Who rates is not drawn at random, so ratings refine the
estimators beside the answers of runs and never replace them; exploration is what keeps them honest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.feedback import Feedback, read_feedback
from crossover.eval.metrics.exact_match import exact_match
from crossover.eval.questions import Question
from crossover.server.routing import routing_log
from crossover.server.routing.choice import View
from crossover.server.routing.circumstances import Circumstances
from crossover.server.routing.features import FEATURE_VERSION, Features
from crossover.server.strategies import STRATEGIES


@dataclass(frozen=True, slots=True)
class Rated:
    """One answer of one strategy, 1.0 where it was right; `question` is its hash."""

    view: View
    strategy: str
    right: float
    question: str


@dataclass(frozen=True, slots=True)
class Ratings:
    """Rated answers, and how many ratings told nothing, by reason."""

    rated: list[Rated]
    left_out: dict[str, int]


def read(home: Path, now: Circumstances, adapters: Collection[str]) -> Ratings:
    """The ratings under a home, as far as it is known what the router saw then, under the same circumstances.

    Args:
        adapters: the names of those that are learnt of.
    """
    routed: dict[str, list[routing_log.Routed]] = {}
    for row in routing_log.read(home):
        routed.setdefault(row.question, []).append(row)
    digest = routing_log.circumstances_hash(now)
    rated: dict[tuple[str, str], Rated] = {}
    left_out: dict[str, int] = {}
    for feedback in (line.feedback for line in read_feedback(home)[0]):
        found = _rated(feedback, routed.get(routing_log.question_hash(feedback.question), ()), digest, adapters)
        if isinstance(found, str):
            left_out[found] = left_out.get(found, 0) + 1
        else:
            rated[found.question, found.strategy] = found  # said again, the later word counts
    return Ratings(list(rated.values()), left_out)


def _rated(
    feedback: Feedback, routed: Sequence[routing_log.Routed], digest: str, adapters: Collection[str]
) -> Rated | str:
    """The rated answer, or why it tells nothing."""
    right = _right(feedback)
    if right is None or feedback.strategy not in STRATEGIES:
        return "no rating of a strategy"
    if feedback.system or feedback.history:
        return "answered with a system message or a history of its own, which the router does not see"
    before = [row for row in routed if row.at <= feedback.at]
    if not before:
        return "the router's log has no such question (CROSSOVER_ROUTER_LOG)"
    row = before[-1]
    if row.feature_version != FEATURE_VERSION or row.circumstances != digest:
        return "answered under another model, prompts or features"
    wanted = feedback.adapter.partition("@")[0] if feedback.adapter else None
    beside = next((each for each in row.seen if each.adapter == wanted), None)
    if STRATEGIES[feedback.strategy].adapter and (beside is None or wanted not in adapters):
        return "answered by an adapter that the router did not look at, or that no run is of"
    seen = beside or row.seen[0]
    view = View(seen.adapter, Features(**seen.features))  # type: ignore[arg-type]
    return Rated(view, feedback.strategy, right, row.question)


def _right(feedback: Feedback) -> float | None:
    """A correction tells it more surely than a rating."""
    if feedback.correction:
        return exact_match(feedback.answer, Question("", feedback.question, (feedback.correction,), "", ""))
    return None if feedback.rating is None else float(feedback.rating == "good")
