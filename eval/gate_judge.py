"""The gate's statistics: token F1 and the paired comparison of reports, as the adapters' gate takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossover.adapters.gate.evaluate import Judge
    from crossover.eval.statistics import Comparison


def make_judge() -> Judge:
    """Who scores and compares."""
    from crossover.adapters.gate.evaluate import Judge

    return Judge(compare=compare, score=score)


def compare(first: Sequence[float], second: Sequence[float], groups: Sequence[str], comparisons: int) -> Comparison:
    """The paired difference of two lists of scores on the same questions."""
    import numpy as np

    from crossover.eval import statistics

    return statistics.compare(np.asarray(first, float), np.asarray(second, float), groups, comparisons)


def score(answer: str, reference: str) -> float:
    """Token F1 of an answer; for the reference that it is not known, whether the answer says so."""
    from crossover.eval.metrics.token_f1 import token_f1
    from crossover.eval.questions import Question

    return token_f1(answer, Question("", "", (reference,), "", ""))
