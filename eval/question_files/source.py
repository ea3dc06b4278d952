"""A question file before it is understood: its text, its first row, and what a format makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.examples import DataError
from crossover.adapters.formats import json_rows
from crossover.adapters.formats.rows import BadRow, Row
from crossover.eval.questions import Question, QuestionError, read_text


@dataclass(frozen=True, slots=True)
class Imported:
    """Questions, each with its line, and notes for whoever imports them."""

    questions: Sequence[tuple[int, Question]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """What the formats judge a file by.

    Args:
        first: the first row of a JSON Lines file or a JSON array; None when it has none that can be read.
    """

    path: Path
    text: str
    first: Row | None

    @classmethod
    def of(cls, path: Path) -> Source:
        """The source in a file.

        Raises:
            QuestionError: it is missing, no UTF-8 text, or empty.
        """
        text = read_text(path)
        if not text.strip():
            raise QuestionError(f"{path}: no questions in it; expected one JSON object a line")
        return cls(path, text, _first(path, text) if text.lstrip()[0] in "{[" else None)

    @property
    def is_json(self) -> bool:
        """Whether it begins as JSON does."""
        return self.text.lstrip()[0] in "{["

    def rows(self) -> Iterator[Row]:
        """The rows of a JSON Lines file or a JSON array.

        Raises:
            DataError: a row is no JSON object.
        """
        for row in json_rows.read(self.path, self.text):
            if isinstance(row, BadRow):
                raise row.error
            if isinstance(row, Row):
                yield row

    def has(self, *fields: str) -> bool:
        """Whether the first row has one of these fields."""
        return self.first is not None and any(field in self.first.fields for field in fields)


def _first(path: Path, text: str) -> Row | None:
    try:
        row = next(json_rows.read(path, text), None)
    except DataError:
        return None
    return row if isinstance(row, Row) else None
