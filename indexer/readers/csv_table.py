"""Tables out of CSV files as text, a row a paragraph that names its columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice

from crossover.indexer.readers import table
from crossover.indexer.readers.parsed import Parsed

_SUFFIXES = {".csv", ".tsv"}
_DELIMITERS = ",;\t|"
_SAMPLE = 20  # lines
_LONGEST_CELL = 131_072  # characters
_LONG_LINE = 65536  # characters: nothing that is sampled


def looks_like(text: str, suffix: str) -> bool:
    """Whether a text is a table: by its name and a delimiter, or by equally many cells in each of its first lines."""
    delimiter, widths = _shape(text)
    if suffix.lower() in _SUFFIXES:
        return bool(delimiter)
    telling = suffix.lower() in ("", ".txt", ".dat", ".tab") and len(widths) >= 4
    return telling and len(set(widths)) == 1 and widths[0] >= 3


def parse(text: str) -> Parsed:
    """A CSV file names no title.

    Raises:
        csv.Error: a cell of more than 131,072 characters, mostly a quote that is never closed.
    """
    delimiter, _ = _shape(text)
    return Parsed("", table.to_text(_rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or ","))))


def _rows(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    """Looks at the lengths itself: the module's own limit is the process's, and somebody else may have raised it."""
    for row in reader:
        if any(len(cell) > _LONGEST_CELL for cell in row):
            raise csv.Error(f"a cell of more than {_LONGEST_CELL:,} characters")
        yield row


def _shape(text: str) -> tuple[str, list[int]]:
    """The delimiter that cuts the first lines into most and most equal rows ("" for none), and the rows' widths."""
    best: tuple[str, list[int]] = ("", [])
    score = (0.0, 0)
    sample = "".join(islice(io.StringIO(text[:_LONG_LINE], newline=""), _SAMPLE))
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            continue
        common = max(set(widths), key=widths.count, default=0)
        if common > 1 and (widths.count(common) / len(widths), common) > score:
            best, score = (delimiter, widths), (widths.count(common) / len(widths), common)
    return best
