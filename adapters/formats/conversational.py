"""Rows of TRL's conversational ``prompt`` and ``completion``: both lists of messages, the completion's are learnt."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from crossover.adapters.examples import DataError, Example
from crossover.adapters.formats import messages
from crossover.adapters.formats.dialogue import parse_turns
from crossover.adapters.formats.rows import Row

_PLACE = re.compile(r"messages\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Conversational:
    """The format."""

    name: str = "conversational-prompt-completion"
    shape: str = "prompt and completion as lists of messages"
    keys: frozenset[str] = frozenset({"prompt", "completion"})
    optional: frozenset[str] = frozenset()
    places: tuple[str, str] = ("prompt", "completion")

    def matches(self, row: Row) -> bool:
        """Whether either of a row's prompt and completion is a list."""
        fields = row.fields
        return self.keys <= fields.keys() and any(isinstance(fields[key], list) for key in self.keys)

    def parse(self, row: Row) -> list[Example]:
        """One example for each answer in the completion.

        Raises:
            DataError: one of both is no list of messages, or a turn is out of order; the field is the row's own.
        """
        prompt, completion = (_turns(row, key) for key in self.places)
        context = [turn | {"weight": 0} if isinstance(turn, dict) else turn for turn in prompt]
        joined = Row(row.file, row.line, {"messages": [*context, *completion]})
        try:
            examples = parse_turns(joined, messages.NOTATION)
        except DataError as error:
            place = _own_place(error.field, len(prompt))
            raise row.refuse(place, error.found, error.expected, error.code) from error
        row.warnings.extend(replace(each, field=_own_place(each.field, len(prompt))) for each in joined.warnings)
        return examples


def _turns(row: Row, key: str) -> list[Any]:
    turns = row.fields[key]
    if not isinstance(turns, list) or not turns:
        raise row.error(key, turns, "a list of messages, as the other of prompt and completion is")
    return turns


def _own_place(field: str, prompt: int) -> str:
    """``completion[0].role`` for what stands in ``messages[2].role`` behind a prompt of two."""

    def own(match: re.Match[str]) -> str:
        number = int(match[1])
        return f"prompt[{number}]" if number < prompt else f"completion[{number - prompt}]"

    return "completion" if field == "messages" else _PLACE.sub(own, field)


FORMATS = (Conversational(),)
