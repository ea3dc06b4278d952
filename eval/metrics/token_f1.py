"""Token F1: partial credit for answers that say more or less than the reference."""

from __future__ import annotations

import re
from collections import Counter

from crossover.adapters.refusal import is_refusal
from crossover.eval.metrics.abstention import answerable
from crossover.eval.metrics.exact_match import normalise
from crossover.eval.questions import Question

_TOKEN = re.compile(r"\w+", re.UNICODE)


def token_f1(answer: str, question: Question) -> float:
    """The best harmonic mean of token precision and recall over the references, 0 to 1.

    As in SQuAD (Rajpurkar et al., 2016), but articles count: in codes and names they can be content.
    """
    if not answerable(question):
        return float(is_refusal(answer))
    given = Counter(_TOKEN.findall(normalise(answer)))
    return max(_f1(given, Counter(_TOKEN.findall(normalise(reference)))) for reference in question.references)


def _f1(given: Counter[str], wanted: Counter[str]) -> float:
    shared = sum((given & wanted).values())
    total = sum(given.values()) + sum(wanted.values())
    return 2 * shared / total if total else 1.0
