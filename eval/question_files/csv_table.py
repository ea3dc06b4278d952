"""A CSV table with our field names as columns; the delimiter is a comma, a semicolon or a tab."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from crossover.adapters.formats.rows import Row
from crossover.eval.question_files.source import Imported, Source
from crossover.eval.questions import QuestionError, from_fields

NAME = "CSV"
_DELIMITERS = ",;\t"
_REFERENCES = ("references", "reference", "answers", "answer")
_OPTIONAL = ("id", "slice", "group")


def matches(source: Source) -> bool:
    """Whether it is no JSON: then its first line should be a header."""
    return not source.is_json


def has_questions(source: Source) -> bool:
    """Whether a table's header has the columns of a question set."""
    header, _ = _table(source)
    return "question" in header and not set(_REFERENCES).isdisjoint(header)


def parse(source: Source) -> Imported:
    """One question a row.

    A cell of references or of relevant documents holds one text, or several as a JSON list; ``[]`` as references
    means that the question has no answer. An empty optional cell is as if the column were not there.

    Raises:
        QuestionError, DataError: a column is missing, or a cell empty that must not be.
    """
    header, rows = _table(source)
    answers = next((name for name in _REFERENCES if name in header), None)
    if "question" not in header or answers is None:
        found = ", ".join(header)[:80]
        raise QuestionError(
            f"{source.path}:1:{'question' if 'question' not in header else 'references'}: error: found the columns "
            f"{found}, expected question and one of {', '.join(_REFERENCES)}"
        )
    questions = []
    for row in rows:
        fields: dict[str, Any] = {name: text for name in _OPTIONAL if (text := row.fields.get(name))}
        fields["question"] = row.text("question")
        fields["references"] = _texts(row, answers)
        fields["relevant_documents"] = _texts(row, "relevant_documents") if row.fields.get("relevant_documents") else []
        questions.append((row.line, from_fields(fields, f"{source.path}:{row.line}", row.line)))
    return Imported(questions)


def _table(source: Source) -> tuple[list[str], Iterator[Row]]:
    first = source.text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    lines = _lines(source, delimiter)
    _, names = next(lines, (1, []))
    header = [name.strip().lower() for name in names]

    def rows() -> Iterator[Row]:
        for line, cells in lines:
            if len(cells) != len(header):
                found = f"{source.path}:{line}:row: error: found {len(cells)} cells"
                raise QuestionError(f"{found}, expected {len(header)} as in the header")
            yield Row(source.path, line, dict(zip(header, map(str.strip, cells), strict=True)))

    return header, rows()


def _lines(source: Source, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold something, each with its first line: a quoted cell may hold line breaks."""
    reader = csv.reader(io.StringIO(source.text), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise QuestionError(f"{source.path}:{line}:row: error: found {error}, expected a CSV row") from error
        if any(cell.strip() for cell in cells):
            yield line, cells


def _texts(row: Row, column: str) -> list[str]:
    text = row.text(column) if column == "relevant_documents" else _reference(row, column)
    if text.startswith("[") and text.endswith("]"):
        try:
            listed = json.loads(text)
        except json.JSONDecodeError:
            return [text]  # a bracket that belongs to the text
        if isinstance(listed, list):
            return [row.require_text(column, item) for item in listed]
    return [text]


def _reference(row: Row, column: str) -> str:
    text = str(row.fields.get(column, ""))
    if not text:
        raise row.error(column, text, "a text, a JSON list of texts, or [] where the question has no answer")
    return text
