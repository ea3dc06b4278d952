"""Rows of Vertex AI: ``input_text``/``output_text``, or Gemini's ``contents`` with ``role`` and ``parts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.adapters.examples import Example
from crossover.adapters.formats.dialogue import Notation, parse_turns
from crossover.adapters.formats.prompt_completion import Pair
from crossover.adapters.formats.rows import Row

_SYSTEM = ("systemInstruction", "system_instruction")


def _parts(row: Row, place: str, turn: dict[str, Any]) -> str:
    parts = turn.get("parts")
    if not isinstance(parts, list) or not parts:
        raise row.error(f"{place}.parts", parts, "a list of text parts")
    texts: list[str] = []
    for number, part in enumerate(parts):
        text = part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str):
            raise row.error(f"{place}.parts[{number}]", part, 'a text part {"text": …}')
        texts.append(text)
    return row.require_text(f"{place}.parts", "".join(texts))


_NOTATION = Notation(
    "contents", "role", {"user": "user", "model": "assistant"}, _parts, "an object with role and parts"
)


@dataclass(frozen=True, slots=True)
class Contents:
    """Gemini's format."""

    name: str = "vertex"
    shape: str = "contents"
    keys: frozenset[str] = frozenset({"contents"})
    optional: frozenset[str] = frozenset(_SYSTEM)
    places: tuple[str, str] = ("contents", "contents")

    def matches(self, row: Row) -> bool:
        """Whether a row has the key of this format."""
        return "contents" in row.fields

    def parse(self, row: Row) -> list[Example]:
        """One example for each answer of the model."""
        return parse_turns(row, _NOTATION, _system(row))


def _system(row: Row) -> str:
    for key in _SYSTEM:
        value = row.fields.get(key)
        if isinstance(value, dict):
            return _parts(row, key, value)
        if value is not None:
            return row.require_text(key, value)
    return ""


FORMATS = (Contents(), Pair("input_text", "output_text", name="vertex"))
