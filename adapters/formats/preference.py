"""Preference pairs and answers judged good or bad: recognised, and never trained as answers."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.adapters.examples import Example
from crossover.adapters.formats.rows import Row

PAIRS = (  # of the better and the worse answer, as TRL, OpenAI and others name them
    ("chosen", "rejected"),
    ("preferred_output", "non_preferred_output"),
    ("response_chosen", "response_rejected"),
)
_JUDGEMENTS = ("label", "kto_tag", "thumbs", "desirable", "is_good")
_ANSWERS = ("completion", "response", "answer", "output", "messages", "conversations")
_WORDS = {"true", "false", "good", "bad", "desirable", "undesirable", "up", "down", "thumbs_up", "thumbs_down"}


@dataclass(frozen=True, slots=True)
class Preference:
    """A better and a worse answer to one question."""

    name: str = "preference"
    shape: str = "chosen and rejected"
    keys: frozenset[str] = frozenset(key for pair in PAIRS for key in pair)
    optional: frozenset[str] = frozenset({"prompt", "question", "input", "system"})
    places: tuple[str, str] = ("prompt", "chosen")

    def matches(self, row: Row) -> bool:
        """Whether a row has either of the two answers."""
        return any(better in row.fields or worse in row.fields for better, worse in PAIRS)

    def parse(self, row: Row) -> list[Example]:
        """Never an example: what was rejected must not be learnt, and what was chosen is not all there is to learn."""
        field = next(key for pair in PAIRS for key in reversed(pair) if key in row.fields)
        expected = "an answer to learn: a better and a worse one are learnt by crossover train FILE --method dpo"
        raise row.refuse(field, "a preference pair", expected, "preference")


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer and whether it is good."""

    name: str = "good-bad"
    shape: str = "completion and label true or false"
    keys: frozenset[str] = frozenset()  # a label alone is no sign of it
    optional: frozenset[str] = frozenset({"prompt", "question", "input", "system", *_ANSWERS, *_JUDGEMENTS})
    places: tuple[str, str] = ("prompt", "completion")

    def matches(self, row: Row) -> bool:
        """Whether a row has an answer and a judgement of it."""
        return any(key in row.fields for key in _ANSWERS) and judgement(row) is not None

    def parse(self, row: Row) -> list[Example]:
        """Never an example: a bad answer must not be learnt, and a good one is here to be told from it."""
        field = judgement(row) or _JUDGEMENTS[0]
        expected = "an answer to learn: answers judged good or bad are for preference training"
        raise row.refuse(field, "the judgement of an answer", expected, "preference")


def judgement(row: Row) -> str | None:
    """The field that says whether an answer is good, if a row has one."""
    for key in _JUDGEMENTS:
        value = row.fields.get(key)
        if isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in _WORDS):
            return key
    return None


FORMATS = (Preference(), Judged())
