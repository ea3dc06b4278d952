"""Age of the source against the adapter: whether the best passage says what training saw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossover.eval.slices.subject import Subject


def age(subject: Subject) -> list[str | None]:
    """``new since training``, ``changed since training`` or ``as in training``; None where the card does not say.

    By content, as the router sees it: a document saved again unchanged is as in training.
    """
    return [_age(subject.features.get(question.id, {})) for question in subject.questions]


def _age(features: Mapping[str, Any]) -> str | None:
    if features.get("best_unseen") is None:
        return None
    if features.get("new_document"):
        return "new since training"
    return "changed since training" if features["best_unseen"] else "as in training"
