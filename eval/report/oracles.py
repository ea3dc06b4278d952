"""What mending a component would be worth: the same questions answered with an oracle in its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossover.eval.attribution import COMPONENTS, Cause
from crossover.eval.permutation import Scores
from crossover.eval.questions import OVERALL
from crossover.eval.report.document import Oracle, Report
from crossover.eval.report.figures import Difference
from crossover.eval.report.recommendation import listed
from crossover.eval.scoring import Evaluation, RunsError, load
from crossover.eval.statistics import compare
from crossover.server.strategies import AUTO, STRATEGIES

_RETRIEVAL = COMPONENTS[Cause.RETRIEVAL_MISSED]
_ROUTER = COMPONENTS[Cause.WRONG_ROUTE]


def oracles(evaluation: Evaluation, again: Evaluation | None = None) -> list[Oracle]:
    """Gold passages for each arm that was asked with them, then the best strategy for each question.

    Args:
        again: a second sampling. With it the oracle knows which strategy was right in the one and is scored in the
            other, so that it is not flattered by the luck that a maximum over strategies collects.
    """
    own = {run.arm: run.exact for run in evaluation.runs}
    found = [
        _oracle(
            evaluation, (_RETRIEVAL, "passages of the relevant documents alone", arm), own[arm], evaluation.gold[arm]
        )
        for arm in own
        if arm in evaluation.gold
    ]
    first = {arm: scores for arm, scores in own.items() if arm in STRATEGIES}
    if len(first) < 2:
        return found
    rival = AUTO if AUTO in own else max(first, key=lambda arm: float(first[arm].mean()))
    if again is None:
        best = np.max(list(first.values()), axis=0)
        instead = "whichever strategy was right (luck included)"
        return [*found, _oracle(evaluation, (_ROUTER, instead, rival), own[rival], best)]
    second = {run.arm: run.exact for run in again.runs}
    names = [arm for arm in first if arm in second]
    best = crossed(np.array([first[arm] for arm in names]), np.array([second[arm] for arm in names]))
    instead = "the strategy that was right in another sampling"
    return [*found, _oracle(evaluation, (_ROUTER, instead, rival), (own[rival] + second[rival]) / 2, best)]


def crossed(first: NDArray[np.float64], second: NDArray[np.float64]) -> Scores:
    """What the strategy that was right in one sampling scores in the other, the mean of both directions.

    What a router would reach that knew each strategy's own chance by one try.

    Args:
        first, second: the same strategies' scores on the same questions, shape (strategies, questions).
    """
    return (_picked(first, second) + _picked(second, first)) / 2


def sampled_again(evaluation: Evaluation, folder: Path) -> Evaluation:
    """The second sampling in a folder.

    Raises:
        RunsError: other questions, other strategies, another temperature, or the same answers again.
    """
    again = load([folder])
    arms = {run.arm: run for run in again.runs}
    if again.questions.digest != evaluation.questions.digest:
        raise RunsError(f"{folder}: its questions are not those of the report; sample the same ones again")
    if missing := [run.arm for run in evaluation.runs if run.arm not in arms and run.arm in {AUTO, *STRATEGIES}]:
        raise RunsError(f"{folder}: no answers of {listed(missing)}; sample the same strategies again")
    warmth = {str(run.header["identity"].get("temperature")) for each in (evaluation, again) for run in each.runs}
    if len(warmth) > 1:
        raise RunsError(
            f"{folder}: sampled at another temperature than the report's runs ({', '.join(sorted(warmth))})"
        )
    if all(run.answers == arms[run.arm].answers for run in evaluation.runs if run.arm in arms):
        raise RunsError(
            f"{folder}: the same answers again, so luck is the same too; ask both times with --temperature 0.7, "
            "and --sampling-seed 1 and 2"
        )
    return again


def not_asked(evaluation: Evaluation, again: Evaluation | None) -> list[str]:
    """Which oracles were not asked, and how they would be."""
    gone = []
    if not evaluation.gold and any(question.relevant_documents for question in evaluation.questions):
        gone.append("what better retrieval would be worth: not asked; `crossover eval run --gold` asks it")
    if again is None:
        gone.append(
            "what better routing would be worth, without luck: `crossover eval report --again FOLDER` with a second "
            "sampling (--temperature 0.7 --sampling-seed 1 and 2) tells it"
        )
    return gone


def oracle_sentence(report: Report) -> str:
    """What the oracles gain, in words; empty without any."""
    told = [
        f"{each.arm} with {each.instead} {gained(each)}"
        if each.component == _RETRIEVAL
        else f"for each question {each.instead} {gained(each)} over {each.arm}"
        for each in report.oracles
    ]
    return f"What mending would be worth by exact match, at most: {'; '.join(told)}." if told else ""


def gained(oracle: Oracle) -> str:
    """The points that an oracle gained, with their interval."""
    low, high = (round(100 * edge) for edge in oracle.gain.interval)
    return f"gained {100 * oracle.gain.difference:.0f} points ({low} to {high})"


def _oracle(evaluation: Evaluation, what: tuple[str, str, str], own: Scores, with_oracle: Scores) -> Oracle:
    component, instead, arm = what
    asked = evaluation.mask(OVERALL)
    own, with_oracle = own[asked], with_oracle[asked]
    groups = [group for group, take in zip(evaluation.groups, asked, strict=True) if take]
    return Oracle(
        component=component,
        instead=instead,
        arm=arm,
        score=float(own.mean()),
        with_oracle=float(with_oracle.mean()),
        gain=Difference.of(compare(with_oracle, own, groups)),
    )


def _picked(by: NDArray[np.float64], scored: NDArray[np.float64]) -> Scores:
    """The score of the best by one sampling, ties shared, in the other; (strategies, questions) to (questions,)."""
    best = by == by.max(0)
    return np.asarray(np.where(best, scored, 0.0).sum(0) / best.sum(0))
