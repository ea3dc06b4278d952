"""The rows of a JSON Lines file or of one JSON array, each with the line it begins on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.adapters.examples import DataError


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object and the place it came from."""

    file: Path
    line: int
    fields: dict[str, Any]

    def error(self, field: str, value: object, expected: str) -> DataError:
        """The error that says what `field` holds instead of `expected`."""
        code = "missing" if value is None else "wrong-value"
        return DataError(self.file, self.line, field, found=describe(value), expected=expected, code=code)

    def text(self, field: str) -> str:
        """The text of a field, stripped.

        Raises:
            DataError: it is missing, no string, or empty.
        """
        return self.require_text(field, self.fields.get(field))

    def require_text(self, field: str, value: object) -> str:
        """`value`, stripped, when it is a text that is not empty; `field` names it in the error."""
        if not isinstance(value, str) or not value.strip():
            raise self.error(field, value, "a text that is not empty")
        return value.strip()


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


def load_text(path: Path) -> str:
    """The whole text of a file.

    Raises:
        DataError: the file is missing, unreadable or no UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(
            path, 0, "file", found="no such file", expected="a file of examples", code="unreadable"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            path, 0, "file", found=f"byte {error.start} that is no UTF-8", expected="UTF-8 text", code="unreadable"
        ) from error
    except OSError as error:
        raise DataError(
            path, 0, "file", found=error.strerror or str(error), expected="a readable file", code="unreadable"
        ) from error


def iterate(path: Path) -> Iterator[Row | DataError]:
    """The rows of a file in order; a row that is no JSON object comes as the error it is.

    Raises:
        DataError: the file as a whole cannot be read, or holds no rows.
    """
    text = load_text(path)
    if not text.strip():
        raise DataError(path, 0, "file", found="an empty file", expected="one JSON object a line", code="empty")
    yield from _array(path, text) if text.lstrip().startswith("[") else _lines(path, text)


def _lines(path: Path, text: str) -> Iterator[Row | DataError]:
    # Not splitlines(): U+2028 and its kin may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            yield DataError(
                path, number, "row", found=f"broken JSON at column {error.colno} ({error.msg})",
                expected="one JSON object a line", code="broken-json",
            )  # fmt: skip
            continue
        yield _row(path, number, value)


def _array(path: Path, text: str) -> Iterator[Row | DataError]:
    decoder = json.JSONDecoder()
    position = text.index("[") + 1
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        line = text.count("\n", 0, position) + 1
        if position < len(text) and text[position] == "]":
            return
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            found = f"broken JSON at line {error.lineno}, column {error.colno} ({error.msg})"
            yield DataError(path, line, "row", found=found, expected="an array of JSON objects", code="broken-json")
            return
        yield _row(path, line, value)


def _row(path: Path, line: int, value: object) -> Row | DataError:
    if isinstance(value, dict):
        return Row(path, line, value)
    return DataError(path, line, "row", found=describe(value), expected="a JSON object")
