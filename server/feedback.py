"""The answers that feedback can be given on: the server remembers its latest ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossover.server.errors import AnswerNotFound
from crossover.server.protocol import Question


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer as it went out.

    Attributes:
        model: as it was asked for.
        texts: one for each choice.
        trace: its `crossover` object.
    """

    model: str
    question: Question
    texts: Sequence[str]
    trace: dict[str, Any]


class GivenAnswers:
    """The latest answers by their ids.

    Args:
        most: how many are remembered; what is older is forgotten.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[str, GivenAnswer] = OrderedDict()

    def remember(
        self, answer_id: str, model: str, question: Question, texts: Sequence[str], trace: dict[str, Any]
    ) -> None:
        """Keeps an answer, and forgets the oldest beyond the limit."""
        self._answers[answer_id] = GivenAnswer(model, question, texts, trace)
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)

    def get(self, answer_id: str) -> GivenAnswer:
        """The answer of an id.

        Raises:
            AnswerNotFound: this server gave none of that id, or has forgotten it.
        """
        if answer_id not in self._answers:
            raise AnswerNotFound(
                f"no answer {answer_id!r} is known here: a server remembers its latest {self._most} answers "
                "(CROSSOVER_FEEDBACK_ANSWERS) until it stops, and each server its own"
            )
        return self._answers[answer_id]
