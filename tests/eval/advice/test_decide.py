"""Which evidence decides when several pieces of it disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crossover.eval.advice.decide import Thresholds, decide
from crossover.eval.advice.evidence import Against, Cost, Evidence, Waiting
from crossover.eval.statistics import compare
from crossover.server.source_changes import SourceChanges

COST = Cost(0.1, 360, "cpu", 20, 5, 2, 0, 0.5, "EUR", "example")
FRESH, STALE = SourceChanges(10, 1, 0, 100, 3), SourceChanges(10, 6, 2, 100, 55)


def against(tuned: float, rival: float, n: int = 200) -> Against:
    """Answers of which the first so many are right, in either arm."""
    right = [(np.arange(n) < share * n).astype(float) for share in (tuned, rival)]
    return Against("hybrid", "rag", tuned, rival, compare(right[0], right[1], [str(n) for n in range(n)]))


def evidence(**known: object) -> Evidence:
    return replace(Evidence("support@1", 10, COST, Waiting(100, 0, 0), sources=FRESH), **known)  # type: ignore[arg-type]


def test_rag_is_enough_where_the_adapter_is_shown_not_to_be_better_by_more_than_the_margin() -> None:
    assert decide(evidence(against=against(0.5, 0.5)), Thresholds()).verdict == "RAG is enough"
    assert decide(evidence(against=against(0.7, 0.5)), Thresholds()).verdict == "not yet"
    assert decide(evidence(against=against(0.5, 0.5, n=10)), Thresholds()).verdict == "not yet"


def test_an_adapter_that_is_out_of_date_is_no_evidence_for_rag_because_training_may_mend_it() -> None:
    assert decide(evidence(against=against(0.3, 0.5), sources=STALE), Thresholds()).verdict == "retrain now"


def test_rag_goes_before_reasons_to_train_again() -> None:
    told = decide(evidence(against=against(0.5, 0.5), waiting=Waiting(100, 50, 0)), Thresholds())
    assert told.verdict == "RAG is enough" and told.because == [
        "instead of RAG: hybrid 50 % - rag 50 % = +0 points, at most +1"
    ]


def test_another_base_model_takes_another_training() -> None:
    assert decide(evidence(other_base="old", against=against(0.5, 0.5)), Thresholds()).verdict == "retrain now"
