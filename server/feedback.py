"""The answers that feedback can be given on: the server remembers its latest ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from crossover.server.errors import AnswerNotFound
from crossover.server.protocol import Question

_MOST_BYTES = 64 << 20  # ten times what a thousand answers from a few passages take


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer as it went out.

    Attributes:
        model: as it was asked for.
        texts: one for each choice.
        question: what of it stood in the prompt.
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
        most_bytes: how much they may take, all together; the latest one is remembered however long it is.
    """

    def __init__(self, most: int, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[str, tuple[GivenAnswer, int]] = OrderedDict()

    def remember(
        self, answer_id: str, model: str, question: Question, texts: Sequence[str], trace: dict[str, Any]
    ) -> None:
        """Keeps an answer, and forgets the oldest beyond the limits."""
        history = question.history[trace["dropped"]["history"] :]  # the oldest turns are the first to be dropped
        asked = Question(question.target, question.text, history, question.system)
        given = GivenAnswer(model, asked, texts, trace)
        size = len(orjson.dumps(given, option=orjson.OPT_SERIALIZE_NUMPY))
        self._answers[answer_id] = given, size
        self._bytes += size
        while len(self._answers) > self._most or (self._bytes > self._most_bytes and len(self._answers) > 1):
            _, (_, size) = self._answers.popitem(last=False)
            self._bytes -= size

    def get(self, answer_id: str) -> GivenAnswer:
        """The answer of an id.

        Raises:
            AnswerNotFound: this server gave none of that id, or has forgotten it.
        """
        if answer_id not in self._answers:
            raise AnswerNotFound(
                f"no answer {answer_id!r} is known here: a server remembers its latest {self._most} answers "
                f"(CROSSOVER_FEEDBACK_ANSWERS), at most {self._most_bytes >> 20} MiB of them, until it stops, and each "
                "server its own"
            )
        return self._answers[answer_id][0]
