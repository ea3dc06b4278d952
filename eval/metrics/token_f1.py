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
    return max(_f1(normalise(answer), normalise(reference)) for reference in question.references)


def _f1(answer: str, reference: str) -> float:
    given, wanted = (Counter(_TOKEN.findall(text)) for text in (answer, reference))
    if not wanted:  # signs alone, such as an arrow
        return float(answer == reference)
    return 2 * sum((given & wanted).values()) / (sum(given.values()) + sum(wanted.values()))
