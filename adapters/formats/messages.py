"""Rows of ``messages`` with ``role`` and ``content``, as chat models are fine-tuned everywhere.

Every assistant turn is an example, with the turns before it as history; ``"weight": 0`` leaves one out.
"""

from __future__ import annotations

from typing import Any

from crossover.adapters.examples import Example
from crossover.adapters.formats.rows import Row
from crossover.adapters.prompt import Message

NAME = "messages"


def matches(row: Row) -> bool:
    """Whether a row has the key of this format."""
    return "messages" in row.fields


def parse(row: Row) -> list[Example]:
    """One example for each assistant turn that is to be learnt.

    Raises:
        DataError: a turn out of order, an unknown role, a content that is no text, or nothing to learn.
    """
    turns = row.fields["messages"]
    if not isinstance(turns, list) or not turns:
        raise row.error("messages", turns, "a list of messages")
    system, history, examples = "", list[Message](), list[Example]()
    for number, turn in enumerate(turns):
        place = f"messages[{number}]"
        if not isinstance(turn, dict):
            raise row.error(place, turn, "an object with role and content")
        role = turn.get("role")
        if role == "system" and number == 0:
            system = _content(row, place, turn)
            continue
        expected = "assistant" if history and history[-1].role == "user" else "user"
        if role != expected:
            raise row.error(f"{place}.role", role, f'"{expected}"')
        content = _content(row, place, turn)
        if role == "assistant" and turn.get("weight", 1):
            examples.append(Example(history[-1].content, content, system, tuple(history[:-1]), row.line))
        history.append(Message(role, content))
    if not examples:
        raise row.error("messages", turns, "an assistant's answer behind a user's question")
    return examples


def _content(row: Row, place: str, turn: dict[str, Any]) -> str:
    content = turn.get("content")
    if not isinstance(content, list):
        return row.require_text(f"{place}.content", content)
    texts: list[str] = []
    for number, part in enumerate(content):
        text = part.get("text", part.get("value")) if isinstance(part, dict) and part.get("type") == "text" else None
        if not isinstance(text, str):
            raise row.error(f"{place}.content[{number}]", part, 'a text part {"type": "text", "text": …}')
        texts.append(text)
    return row.require_text(f"{place}.content", "".join(texts))
