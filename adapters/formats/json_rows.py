"""The objects of a JSON Lines file, of one JSON array, or of objects written over several lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crossover.adapters.examples import DataError, DataWarning
from crossover.adapters.formats.rows import BadRow, Item, Row, describe

_BLANK = " \t\r\n"
_A_LINE = "one JSON object a line"


class _Decoder(json.JSONDecoder):
    """Decodes JSON and remembers the key that stood twice in an object, of which `json` keeps the last."""

    def __init__(self) -> None:
        self.twice = ""
        super().__init__(object_pairs_hook=self._object)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs) and not self.twice:
            names = [name for name, _ in pairs]
            self.twice = next(name for name in names if names.count(name) > 1)
        return fields

    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        """As the base class; `twice` is of what was decoded last, also where that failed."""
        self.twice = ""
        return super().raw_decode(s, idx)


def read(path: Path, text: str) -> Iterator[Item]:
    """The objects in order, each with its first line.

    Raises:
        DataError: an array, or objects over several lines, that break off: what follows cannot be told apart.
    """
    if text.lstrip().startswith("["):
        if path.suffix.lower() in {".jsonl", ".ndjson"}:
            expected = f"{_A_LINE}: crossover data convert writes such a file"
            yield DataWarning(str(path), 0, "file", f"a JSON array named {path.suffix}", expected, "json-array")
        yield from _array(path, text)
    elif _spans_lines(text):
        yield from _objects(path, text)
    else:
        yield from _lines(path, text)


def _lines(path: Path, text: str) -> Iterator[Item]:
    decoder = _Decoder()
    # Not splitlines(): U+2028 and its kin may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip(_BLANK):
            continue
        try:
            value = decoder.decode(line)
        except json.JSONDecodeError as error:
            found = f"broken JSON at column {error.colno} ({error.msg})"
            expected = _hint(line, error.pos) or _A_LINE
            yield BadRow(DataError(path, number, "row", found=found, expected=expected, code="broken-json"), line)
        except (ValueError, RecursionError) as error:
            yield BadRow(_too_much(path, number, error), line)
        else:
            yield _row(path, number, value, decoder.twice)


def _spans_lines(text: str) -> bool:
    """Whether the first object ends on a later line than it begins, as pretty-printed ones do."""
    start = len(text) - len(text.lstrip())
    if text[start:].split("\n", 1)[0].strip() == "{":
        return True
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return False
    return "\n" in text[start:end]


def _objects(path: Path, text: str) -> Iterator[Item]:
    scan = _Scan(path, text)
    while not scan.at_end():
        yield scan.value()


def _array(path: Path, text: str) -> Iterator[Item]:
    scan = _Scan(path, text)
    scan.expect("[")
    if scan.at("]"):
        raise DataError(path, 0, "file", found="an empty array", expected="an array of JSON objects", code="empty")
    while True:
        yield scan.value()
        if scan.at("]"):
            break
        scan.expect(",")
    if not scan.at_end():
        raise scan.broken("more text behind the array's end", "one array and nothing else")


class _Scan:
    """Walks through a text value by value and knows the line it is on."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._text, self._decoder = path, text, _Decoder()
        self._position = self._counted = 0
        self._line = 1

    def value(self) -> Item:
        line = self.line()
        try:
            value, self._position = self._decoder.raw_decode(self._text, self._position)
        except json.JSONDecodeError as error:
            found = f"broken JSON at line {error.lineno}, column {error.colno} ({error.msg})"
            expected = _hint(self._text, error.pos) or "an array of JSON objects"
            raise DataError(self._path, line, "row", found=found, expected=expected, code="broken-json") from error
        except (ValueError, RecursionError) as error:
            raise _too_much(self._path, line, error) from error
        return _row(self._path, line, value, self._decoder.twice)

    def line(self) -> int:
        self._skip_blank()
        self._line += self._text.count("\n", self._counted, self._position)
        self._counted = self._position
        return self._line

    def at_end(self) -> bool:
        self._skip_blank()
        return self._position == len(self._text)

    def at(self, mark: str) -> bool:
        self._skip_blank()
        if self._text.startswith(mark, self._position):
            self._position += 1
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.at(mark):
            found = "the end of the file" if self.at_end() else repr(self._text[self._position])
            raise self.broken(found, f'"{mark}"' if self.at_end() or mark != "," else '"," or "]"')

    def broken(self, found: str, expected: str) -> DataError:
        line = self.line()
        column = self._position - self._text.rfind("\n", 0, self._position)
        found = f"broken JSON at line {line}, column {column} ({found})"
        return DataError(self._path, line, "row", found=found, expected=expected, code="broken-json")

    def _skip_blank(self) -> None:
        while self._position < len(self._text) and self._text[self._position] in _BLANK:
            self._position += 1


def _row(path: Path, line: int, value: object, twice: str) -> Item:
    if not isinstance(value, dict):
        return BadRow(DataError(path, line, "row", found=describe(value), expected="a JSON object"), value)
    if twice:
        found = f'the key "{twice}" twice in one object'
        return BadRow(DataError(path, line, twice, found=found, expected="each key once", code="duplicate-key"), value)
    return Row(path, line, value)


def _hint(text: str, position: int) -> str:
    """What would be right, where the fault is one that people really make."""
    mark, before = text[position : position + 1], text[:position].rstrip()
    if mark == ":" and before.endswith(('"assistant"', '"user"', '"system"', '"human"', '"gpt"')):
        name = before.rsplit('"', 2)[1]
        return f'{{"role": "{name}", "content": "…"}}'
    if mark == "'":
        return "double quotes: this is Python's notation, not JSON"
    if mark in ("}", "]") and before.endswith(","):
        return f"no comma before {mark}"
    if text.startswith(("True", "False", "None"), position):
        return "true, false or null: this is Python's notation, not JSON"
    return ""


def _too_much(path: Path, line: int, error: Exception) -> DataError:
    found = "JSON nested too deep" if isinstance(error, RecursionError) else f"broken JSON ({error})"
    return DataError(path, line, "row", found=found, expected=_A_LINE, code="broken-json")
