"""Row: one record of a file of examples, with the place it came from and what is odd about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossover.adapters.examples import DataError, DataWarning

_SURROGATE = re.compile("[\ud800-\udfff]")
_PLACEHOLDER = re.compile(r"\{\{\s*[\w.-]+\s*\}\}")
_SPECIAL = re.compile(
    r"<\|[\w/ -]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>|<｜[^｜]{1,40}｜>"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One record and the place it came from: its first line, or in Parquet its number."""

    file: Path
    line: int
    fields: dict[str, Any]
    warnings: list[DataWarning] = field(default_factory=list, compare=False)

    def error(self, field: str, value: object, expected: str, code: str = "") -> DataError:
        """The error that says what `field` holds instead of `expected`."""
        code = code or ("missing" if value is None else "wrong-value")
        return DataError(self.file, self.line, field, found=describe(value), expected=expected, code=code)

    def refuse(self, field: str, found: str, expected: str, code: str) -> DataError:
        """The error that says in words what was found."""
        return DataError(self.file, self.line, field, found=found, expected=expected, code=code)

    def warn(self, field: str, found: str, expected: str, code: str) -> None:
        """Note what can be trained on, but perhaps not as its owner thinks."""
        self.warnings.append(DataWarning(str(self.file), self.line, field, found, expected, code))

    def text(self, field: str) -> str:
        """The text of a field, stripped.

        Raises:
            DataError: it is missing, no string, or empty.
        """
        return self.require_text(field, self.fields.get(field))

    def optional_text(self, field: str) -> str:
        """The text of a field, stripped; empty where the field is absent, null or empty.

        Raises:
            DataError: it is no string.
        """
        value = self.fields.get(field)
        return (
            "" if value is None or (isinstance(value, str) and not value.strip()) else self.require_text(field, value)
        )

    def require_text(self, field: str, value: object) -> str:
        """`value`, stripped, when it is a text that is not empty; `field` names it in the error."""
        if not isinstance(value, str) or not value.strip():
            raise self.error(field, value, "a text that is not empty")
        if _SURROGATE.search(value):
            raise self.refuse(field, "half of a surrogate pair, which is no character", "whole characters", "surrogate")
        self._look_for_leftovers(field, value)
        return value.strip()

    def _look_for_leftovers(self, field: str, text: str) -> None:
        if match := _PLACEHOLDER.search(text):
            self.warn(field, f"the placeholder {match[0]}", "the words that belong there", "placeholder")
        if match := _SPECIAL.search(text):
            self.warn(field, f"{match[0]} as text", "no special tokens: it is learnt letter by letter", "special-token")
        if "\ufffd" in text:
            self.warn(
                field, "the replacement character U+FFFD", "the letter lost in an earlier decoding", "damaged-text"
            )


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that could not even be read: what is wrong, and what stands there."""

    error: DataError
    content: object


Item = Row | BadRow | DataWarning
Reader = Callable[[Path, str], Iterator[Item]]
"""From a file's path and text to its records."""


def describe(value: object) -> str:
    """A value as an error message shows it: short, and named by its JSON type."""
    match value:
        case None:
            return "nothing"
        case bool() | int() | float():
            return f"the {'truth value' if isinstance(value, bool) else 'number'} {json.dumps(value)}"
        case str():
            if not value.strip():
                return "an empty text"
            return f"the text {json.dumps(value[:40] + ('…' if len(value) > 40 else ''), ensure_ascii=False)}"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return f"an object with {', '.join(list(value)[:6]) or 'no keys'}"
    return type(value).__name__
