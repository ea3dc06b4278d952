"""Questions that an adapter which answered was trained on: their scores show what was learnt by heart."""

from __future__ import annotations

from crossover.adapters.quality.examined import Examined, key
from crossover.eval.questions import SEEN
from crossover.eval.slices.subject import Subject


def seen(subject: Subject) -> list[str | None]:
    """``seen`` for the questions of training rows, word for word or nearly: another name or number is another one."""
    taught = {key(text) for text in subject.trained_on}
    asked = [question.question for question in subject.questions]
    near = Examined((), against=[*subject.trained_on, *asked]).near if taught else {}
    known = taught.union(*(near.get(text, ()) for text in taught))
    return [SEEN if key(text) in known else None for text in asked]
