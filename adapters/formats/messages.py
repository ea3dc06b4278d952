"""Rows of ``messages`` with ``role`` and ``content``, as chat models are fine-tuned everywhere.

Every assistant turn is an example, with the turns before it as history; ``"weight": 0`` leaves one out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.adapters.examples import Example
from crossover.adapters.formats.dialogue import Notation, parse_turns
from crossover.adapters.formats.rows import Row

ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


def read_content(row: Row, place: str, turn: dict[str, Any]) -> str:
    """The content of a turn, a text or a list of text parts.

    Raises:
        DataError: it is something else, such as an image.
    """
    content = turn.get("content")
    if not isinstance(content, list):
        return row.require_text(f"{place}.content", content)
    texts: list[str] = []
    for number, part in enumerate(content):
        text = _part(part)
        if text is None:
            raise row.error(f"{place}.content[{number}]", part, 'a text part {"type": "text", "text": …}')
        texts.append(text)
    return row.require_text(f"{place}.content", "".join(texts))


def _part(part: object) -> str | None:
    if not isinstance(part, dict) or part.get("type") != "text":
        return None
    text = part.get("text")
    text = part.get("value") if text is None else text
    return text if isinstance(text, str) else None


NOTATION = Notation("messages", "role", ROLES, read_content, "an object with role and content")


@dataclass(frozen=True, slots=True)
class Messages:
    """The format."""

    name: str = "messages"
    shape: str = "messages"
    keys: frozenset[str] = frozenset({"messages"})
    optional: frozenset[str] = frozenset()
    places: tuple[str, str] = ("messages", "messages")

    def matches(self, row: Row) -> bool:
        """Whether a row has the key of this format."""
        return "messages" in row.fields

    def parse(self, row: Row) -> list[Example]:
        """One example for each assistant turn that is to be learnt."""
        return parse_turns(row, NOTATION)


FORMATS = (Messages(),)
