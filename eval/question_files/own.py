"""Rows of ``question`` and ``references``, with ``id``, ``slice``, ``group``, ``relevant_documents`` as one likes."""

from __future__ import annotations

from crossover.eval.question_files.source import Imported, Source
from crossover.eval.questions import from_fields

NAME = "Crossover question set"


def matches(source: Source) -> bool:
    """Every file: what is no question set is told what it lacks to be one."""
    return source.is_json


def parse(source: Source) -> Imported:
    """One question a row.

    Raises:
        QuestionError, DataError: a row is no object, or a field is missing or of the wrong kind.
    """
    return Imported(
        [(row.line, from_fields(row.fields, f"{source.path}:{row.line}", row.line)) for row in source.rows()]
    )
