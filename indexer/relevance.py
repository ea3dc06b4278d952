"""A score that means the same for every question: how likely a passage is about what was asked.

A logistic curve over the fused score, fitted on one half of the articles of SQuAD and XQuAD (en, es, ru,
zh): each question once with its article in the corpus and once without, its five best passages, relevant
being those of the paragraph that it was asked about. On the other half the expected calibration error is
0.007 to 0.030, and the best passage's relevance tells questions whose article is there from those whose
article was taken out with an AUROC of 0.996 (SQuAD), 0.993, 0.988, 0.960 and 0.976 (XQuAD en, es, ru, zh).
"""

from __future__ import annotations

import math

from crossover.indexer.embedding import PACKAGED

_SLOPE, _MIDDLE = 4.19, 2.45  # with a fused score of _MIDDLE, one passage in two is relevant
_FITTED = {PACKAGED: frozenset({"en", "es", "ru", "zh"})}


def relevance(fused: float, model: str, language: str) -> float | None:
    """The probability that a passage of this fused score is relevant; None where that was not measured."""
    if language not in _FITTED.get(model, ()):
        return None
    return 1 / (1 + math.exp(-_SLOPE * (fused - _MIDDLE)))
