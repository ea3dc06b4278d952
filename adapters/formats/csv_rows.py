"""The rows of a CSV file with a header, whatever its delimiter; a cell may span lines, a row has its first."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crossover.adapters.examples import DataError
from crossover.adapters.formats.rows import BadRow, Item, Row

_DELIMITERS = ",\t;|"
_LONGEST_CELL = 2**31 - 1
_LISTS = {"messages", "conversations", "contents", "history", "chosen", "rejected"}


def read(path: Path, text: str) -> Iterator[Item]:
    """The rows behind the header, as objects of its columns.

    Raises:
        DataError: a header that does not name each column once, or a quote that is never closed.
    """
    csv.field_size_limit(_LONGEST_CELL)  # the default refuses the 131,073rd letter of a cell
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: list[str] = []
    count = 0
    while True:
        first = lines.line_num + 1
        try:
            cells = next(lines, None)
        except csv.Error as error:
            found = f"broken CSV ({error})"
            expected = "quotes that are closed, and doubled inside a cell"
            raise DataError(path, first, "row", found=found, expected=expected, code="broken-csv") from error
        if cells is None:
            break
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = _header(path, first, cells)
            continue
        count += 1
        yield _row(path, first, header, cells)
    if not count:
        raise DataError(path, 0, "file", found="a header without rows", expected="rows of examples", code="empty")


def _delimiter(text: str) -> str:
    head = text.lstrip("\n").split("\n", 1)[0]
    return max(_DELIMITERS, key=head.count)


def _header(path: Path, line: int, cells: Sequence[str]) -> list[str]:
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, start=1)]
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                path,
                line,
                name,
                found=f"{names.count(name)} columns of this name",
                expected="one",
                code="duplicate-key",
            )
    return names


def _row(path: Path, line: int, header: Sequence[str], cells: Sequence[str]) -> Item:
    if len(cells) != len(header):
        field = header[len(cells)] if len(cells) < len(header) else f"column {len(header) + 1}"
        found, expected = f"{len(cells)} cells", f"{len(header)}, as many as the header names"
        return BadRow(DataError(path, line, field, found=found, expected=expected, code="cells"), list(cells))
    return Row(path, line, {name: _value(name, cell) for name, cell in zip(header, cells, strict=True)})


def _value(name: str, cell: str) -> Any:
    if name in _LISTS and cell.lstrip().startswith("["):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return cell
