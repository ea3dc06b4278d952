"""Which format a file is in, judged by its rows, and the data set that comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from crossover.adapters.examples import DataError, DataSet, Example
from crossover.adapters.formats import messages, prompt_completion
from crossover.adapters.formats.rows import Row, iterate


class Format(Protocol):
    """A module of this package that reads one format."""

    NAME: str
    matches: Callable[[Row], bool]
    parse: Callable[[Row], list[Example]]


FORMATS: tuple[Format, ...] = (messages, prompt_completion)  # type: ignore[assignment]


@dataclass(slots=True)
class Reading:
    """What came out of a file: examples, and everything that is wrong with it."""

    path: Path
    format: str = ""
    rows: int = 0
    examples: list[Example] = field(default_factory=list)
    errors: list[DataError] = field(default_factory=list)


def check(path: Path) -> Reading:
    """Everything in a file, good and bad; never raises, so that all faults are seen at once."""
    reading = Reading(path)
    chosen: Format | None = None
    try:
        for row in iterate(path):
            reading.rows += 1
            if isinstance(row, DataError):
                reading.errors.append(row)
                continue
            try:
                chosen = chosen if chosen and chosen.matches(row) else _detect(row)
                reading.format = reading.format or chosen.NAME
                reading.examples += chosen.parse(row)
            except DataError as error:
                reading.errors.append(error)
    except DataError as error:
        reading.errors.append(error)
    return reading


def read(path: Path) -> DataSet:
    """The data set in a file.

    Raises:
        DataError: the first fault, as FILE:LINE:FIELD.
    """
    reading = check(Path(path))
    if reading.errors:
        raise reading.errors[0]
    return DataSet(Path(path).stem, tuple(reading.examples), reading.format)


def _detect(row: Row) -> Format:
    for candidate in FORMATS:
        if candidate.matches(row):
            return candidate
    raise row.error("row", row.fields, "the keys messages, or prompt and completion, or question and answer")
