"""Which format a question file is in, judged by its content, and the question set that comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crossover.adapters.examples import DataError
from crossover.eval.question_files import csv_table, own, ragas_dataset, squad, training
from crossover.eval.question_files.source import Imported, Source
from crossover.eval.questions import QuestionError, QuestionSet, collect


class Format(Protocol):
    """A module of this package that reads one format."""

    NAME: str
    matches: Callable[[Source], bool]
    parse: Callable[[Source], Imported]


#: The first that matches reads the file; the last two take every other table and JSON, to say what it lacks.
FORMATS: tuple[Format, ...] = (squad, ragas_dataset, training, csv_table, own)  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """A question set, the format it was read from, and what its reader should know about it."""

    questions: QuestionSet
    format: str
    notes: tuple[str, ...] = ()


def read(path: Path) -> QuestionFile:
    """The questions of a file: our JSONL, SQuAD, CSV, ragas' EvaluationDataset, or labelled training examples.

    Raises:
        QuestionError: the first fault, as FILE:LINE:FIELD; nothing is skipped silently.
    """
    source = Source.of(path)
    chosen = next(candidate for candidate in FORMATS if candidate.matches(source))
    try:
        imported = chosen.parse(source)
    except DataError as error:
        raise QuestionError(str(error)) from error
    return QuestionFile(collect(path, imported.questions), chosen.NAME, imported.notes)
