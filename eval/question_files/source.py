"""A question file before it is understood: its text, its first row, and what a format makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.examples import DataError
from crossover.adapters.formats.rows import Row, iterate
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
        row = next(iterate(path), None) if text.lstrip()[0] in "{[" else None
        return cls(path, text, row if isinstance(row, Row) else None)

    @property
    def is_json(self) -> bool:
        """Whether it begins as JSON does."""
        return self.text.lstrip()[0] in "{["

    def rows(self) -> Iterator[Row]:
        """The rows of a JSON Lines file or a JSON array.

        Raises:
            DataError: a row is no JSON object.
        """
        for row in iterate(self.path):
            if isinstance(row, DataError):
                raise row
            yield row

    def has(self, *fields: str) -> bool:
        """Whether the first row has one of these fields."""
        return self.first is not None and any(field in self.first.fields for field in fields)
