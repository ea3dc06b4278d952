"""Rows of ShareGPT's ``conversations``: turns of ``from`` and ``value``, or of ``role`` and ``content``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from crossover.adapters.examples import Example
from crossover.adapters.formats import messages
from crossover.adapters.formats.dialogue import Notation, parse_turns
from crossover.adapters.formats.rows import Row

_ROLES = {
    "human": "user",
    "gpt": "assistant",
    "system": "system",
    "user": "user",
    **dict.fromkeys(("assistant", "chatgpt", "bing", "bard", "model"), "assistant"),
}


def _value(row: Row, place: str, turn: dict[str, Any]) -> str:
    return row.require_text(f"{place}.value", turn.get("value"))


_FROM_VALUE = Notation("conversations", "from", _ROLES, _value, "an object with from and value")
_ROLE_CONTENT = replace(messages.NOTATION, turns="conversations")


@dataclass(frozen=True, slots=True)
class ShareGpt:
    """The format."""

    name: str = "sharegpt"
    shape: str = "conversations"
    keys: frozenset[str] = frozenset({"conversations"})
    optional: frozenset[str] = frozenset({"system"})
    places: tuple[str, str] = ("conversations", "conversations")

    def matches(self, row: Row) -> bool:
        """Whether a row has the key of this format."""
        return "conversations" in row.fields

    def parse(self, row: Row) -> list[Example]:
        """One example for each answer of the assistant."""
        turns = row.fields["conversations"]
        first = turns[0] if isinstance(turns, list) and turns else None
        plain = isinstance(first, dict) and "role" in first and "from" not in first
        return parse_turns(row, _ROLE_CONTENT if plain else _FROM_VALUE, row.optional_text("system"))


FORMATS = (ShareGpt(),)
