"""Where the objects of a JSON document stand in its text, for errors that name a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Strings are passed over whole: a brace in one opens nothing, and a line feed cannot stand in one.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\{|\n')


def object_lines(text: str, document: Any) -> Mapping[int, int]:
    """The 1-based line on which each object of a parsed document begins, by the object's `id()`.

    Args:
        document: what `json.loads(text)` gave; it must live as long as the mapping is used.
    """
    lines, line = [], 1
    for token in _TOKEN.finditer(text):
        if token[0] == "\n":
            line += 1
        elif token[0] == "{":
            lines.append(line)
    return {id(found): line for found, line in zip(_objects(document), lines, strict=False)}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in the order in which they open in the text."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(part)
