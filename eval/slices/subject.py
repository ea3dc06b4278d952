"""What automatic slices are told from, and the one shape that each of them has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossover.eval.questions import QuestionSet


@dataclass(frozen=True, slots=True)
class Subject:
    """Questions with what was recorded of them.

    Args:
        retrieved: the documents found for a question, by its id, the best first.
        trained_on: the questions that the adapters which answered were trained on.
        features: what the router saw of a question, by its id.
    """

    questions: QuestionSet
    retrieved: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trained_on: Sequence[str] = ()
    features: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


#: The slice of each question in the set's order; None for one that lies in none of this kind.
Slicer = Callable[[Subject], list[str | None]]
