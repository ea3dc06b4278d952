"""Examples like a few dozen others: the same task and form, other subjects."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from crossover.adapters.examples import DataError, Example
from crossover.adapters.gate.answer_format import AnswerFormat, learn_format
from crossover.adapters.quality.non_answers import non_answer
from crossover.server.generation.drafting import Outcome, draft
from crossover.server.generation.model import Model
from crossover.server.generation.rounds import Asked, Draft, Refused, Rounds
from crossover.server.generation.wording import Pair, ask_for_more

_LEAST = 3  # examples, below which nothing can be seen of a style
_SHOWN = 6  # examples in a request
_WANTED = 5  # pairs in a reply
_BARREN = 12  # requests in a row without a candidate: the model has nothing new to say
_LONGER = 2  # times the longest question
_LISTED = 40  # labels that a request names


class Expanded:
    """What `data expand` asks: for examples like some of the seeds, others each time.

    Args:
        file: where the seeds stand.
        style: what the user wants kept, in words.

    Raises:
        DataError: too few seeds, a conversation among them, or several system messages.
    """

    def __init__(self, file: Path, seeds: Sequence[Example], style: str) -> None:
        _require_pairs(file, seeds)
        self.system, self.known = seeds[0].system, tuple(each.question for each in seeds)
        self._seeds = [Pair(each.question, each.answer) for each in seeds]
        self._format = learn_format([each.answer for each in seeds])
        self._longest = _LONGER * max(len(each.question) for each in seeds)
        self._style = "; ".join(filter(None, (style, f"answers {_form(self._format, seeds)}")))
        self._before: int | None = None  # requests of earlier processes

    def over(self, rounds: Rounds) -> bool:
        """Never: there is always another example."""
        return False

    def next(self, rounds: Rounds, wanted: int, most: int) -> list[tuple[int, int]]:
        """The next requests: a number, and how many pairs it shall give; none when the model repeats itself."""
        asked = rounds.requests()
        if self._before is None:
            self._before = len(asked)
        if len(asked) >= self._before + _BARREN and not any(each.kept for each in asked[-_BARREN:]):
            return []
        sizes = [min(_WANTED, wanted - start) for start in range(0, wanted, _WANTED)]
        # The numbers draw the examples to show; they go on where an earlier process ended.
        return [(len(asked) + number, size) for number, size in enumerate(sizes[:most])]

    async def ask(self, model: Model, request: tuple[int, int], rounds: Rounds) -> Outcome:
        """What the model wrote after some examples, checked."""
        number, wanted = request
        drawn = random.Random(number).sample(self._seeds, min(_SHOWN, len(self._seeds)))
        messages = ask_for_more(drawn, wanted, self._style, rounds.rejected())
        return await draft(model, messages, wanted, Asked(), self._check)

    async def _check(self, pair: Pair) -> Draft | Refused:
        written = Draft(question=pair.question, answer=pair.answer)
        reason, detail = self._fault(pair)
        return Refused(**written.model_dump(), reason=reason, detail=detail) if reason else written

    def _fault(self, pair: Pair) -> tuple[str, str]:
        if not pair.question or not pair.answer:
            return "an empty question or answer", ""
        if kind := non_answer(pair.question, pair.answer):
            return "an answer that is none", kind
        broken = next((words for words, kept in self._format.rules if not kept(pair.answer)), "")
        if broken:
            return "an answer of another form", f"expected {broken}"
        return ("a question too long", "") if len(pair.question) > self._longest else ("", "")


def _form(form: AnswerFormat, seeds: Sequence[Example]) -> str:
    """The form of the answers in words; where they are labels, which."""
    labels = sorted({each.answer for each in seeds})
    listed = f": {', '.join(labels)}" if form.words.startswith("one of ") and len(labels) <= _LISTED else ""
    return form.words.replace(" labels", f" labels{listed}", 1)


def _require_pairs(file: Path, seeds: Sequence[Example]) -> None:
    if len(seeds) < _LEAST:
        found = f"{len(seeds)} examples"
        raise DataError(file, 0, "file", found=found, expected=f"{_LEAST} or more to see a style by", code="too-few")
    for each in seeds:
        if each.history:
            expected = "one question and its answer: a conversation cannot be grown"
            raise DataError(file, each.line, "messages", found="earlier turns", expected=expected, code="not-carried")
        if each.system != seeds[0].system:
            found, expected = "another system message than in the first row", "one for all, or a file for each"
            raise DataError(file, each.line, "system", found=found, expected=expected, code="mixture")
