"""The questions that answers are sampled for, with the references that they are ranked by where there are any."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from crossover.adapters.examples import DataError, DataWarning
from crossover.adapters.formats.detect import Format, check
from crossover.adapters.formats.files import iterate
from crossover.adapters.formats.rows import BadRow, Row
from crossover.adapters.prompt import Message


@dataclass(frozen=True, slots=True)
class Asked:
    """One question."""

    question: str
    references: tuple[str, ...] = ()
    """Every answer that counts as right."""
    system: str = ""
    history: tuple[Message, ...] = ()
    line: int = 0

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation that asks it, as a chat completion request takes it."""
        turns = [Message("system", self.system)] if self.system else []
        return [{"role": t.role, "content": t.content} for t in (*turns, *self.history, Message("user", self.question))]


@dataclass(slots=True)
class AskedReading:
    """What came out of a file of questions, good and bad."""

    asked: list[Asked] = field(default_factory=list)
    errors: list[DataError] = field(default_factory=list)
    warnings: list[DataWarning] = field(default_factory=list)


def read_asked(path: Path, form: Format | None = None) -> AskedReading:
    """The questions of a file: rows of `question` with `references` or alone, or examples in any format, whose answers
    are the references.

    Raises:
        DataError: the file cannot be read to its end.
    """
    rows, examples = list(iterate(path)), check(path, form)
    referenced = any(isinstance(row, Row) and "references" in row.fields for row in rows)
    if form is None and (referenced or not examples.examples):
        return _questions(rows)
    asked = [Asked(each.question, (each.answer,), each.system, each.history, each.line) for each in examples.examples]
    return AskedReading(asked, examples.errors, examples.warnings)


def _questions(rows: list[Row | BadRow | DataWarning]) -> AskedReading:
    reading = AskedReading()
    for row in rows:
        if isinstance(row, DataWarning):
            reading.warnings.append(row)
        elif isinstance(row, BadRow):
            reading.errors.append(row.error)
        else:
            try:
                reading.asked.append(_question(row))
            except DataError as error:
                reading.errors.append(error)
    return reading


def _question(row: Row) -> Asked:
    references = row.fields.get("references", [])
    if not isinstance(references, list):
        raise row.error("references", references, "a list of texts")
    texts = tuple(row.require_text(f"references[{n}]", each) for n, each in enumerate(references))
    return Asked(row.text("prompt" if "prompt" in row.fields else "question"), texts, line=row.line)
