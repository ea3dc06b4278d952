"""The text of a file, whatever Unicode encoding and line ends it was saved with."""

from __future__ import annotations

import codecs
from pathlib import Path

from crossover.adapters.examples import DataError, DataWarning

_REMEDY = "crossover data convert writes such a file"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32 text"),  # before UTF-16, whose mark is its first half
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32 text"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16 text"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16 text"),
)


def load_bytes(path: Path) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: the file is missing or unreadable.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise _unreadable(path, "no such file", "a file of examples") from error
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error), "a readable file") from error


def decode(path: Path, data: bytes) -> tuple[str, list[DataWarning]]:
    r"""The text with ``\n`` as its only line end, and what is unusual about how it was saved.

    Raises:
        DataError: bytes that no Unicode encoding explains, with their line and column.
    """
    notes: list[DataWarning] = []
    mark, encoding, found = next((row for row in _MARKS if data.startswith(row[0])), (b"", "utf-8", ""))
    if not mark and (guess := _without_mark(data)):
        encoding, found = guess, "UTF-16 text without a byte order mark"
    try:
        text = data.removeprefix(mark if encoding == "utf-8" else b"").decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(path, data, error, len(mark) if encoding == "utf-8" else 0) from error
    if found:
        notes.append(_note(path, found, f"UTF-8 without a mark: {_REMEDY}", "encoding"))
    if "\r" in text:
        kind = "Windows line ends (CRLF)" if "\r\n" in text else "line ends of old Macs (CR)"
        notes.append(_note(path, kind, f"line feeds alone: {_REMEDY}", "line-ends"))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, notes


def _without_mark(data: bytes) -> str:
    # JSON and CSV begin with ASCII, of which UTF-16 makes every other byte a zero.
    head = data[:4]
    if len(head) < 4 or head.count(0) != 2:
        return ""
    zeros = [position for position in range(4) if not head[position]]
    if zeros == [0, 2]:
        return "utf-16-be"
    return "utf-16-le" if zeros == [1, 3] else ""


def _undecodable(path: Path, data: bytes, error: UnicodeDecodeError, skipped: int) -> DataError:
    if b"\0" in data:
        return _unreadable(path, f"byte {_first_foreign(data)} that is no UTF-8", "UTF-8 or UTF-16 text")
    before = data[: error.start + skipped]
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    found = f"the byte 0x{data[len(before)]:02x} at column {column}, which is no UTF-8"
    expected = "UTF-8 or UTF-16 text; iconv -f ENCODING -t UTF-8 makes it from others"
    return DataError(path, line, "row", found=found, expected=expected, code="encoding")


def _first_foreign(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return data.index(b"\0")


def _note(path: Path, found: str, expected: str, code: str) -> DataWarning:
    return DataWarning(str(path), 0, "file", found, expected, code)


def _unreadable(path: Path, found: str, expected: str) -> DataError:
    return DataError(path, 0, "file", found=found, expected=expected, code="unreadable")
