"""The questions of an evaluation set, whatever its shape: ours, SQuAD's, ragas', or labelled examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crossover.adapters.examples import DataError, DataWarning
from crossover.adapters.formats.detect import check
from crossover.adapters.formats.files import iterate
from crossover.adapters.formats.rows import BadRow

_KEYS = ("question", "user_input")


def read_questions(path: Path) -> list[str]:
    """Every question in a file.

    Raises:
        DataError: it cannot be read, or holds none.
    """
    questions: list[str] = []
    for item in iterate(path):
        if isinstance(item, BadRow):
            raise item.error
        if not isinstance(item, DataWarning):
            questions += _questions(item.fields)
    questions = questions or [example.question for example in check(path).examples]
    if not questions:
        expected = f'rows with "{_KEYS[0]}", SQuAD\'s JSON, or labelled examples'
        raise DataError(path, 0, "file", found="no question", expected=expected, code="no-question")
    return questions


def _questions(value: object) -> Iterator[str]:
    """The questions at any depth: SQuAD's stand four levels down."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _KEYS and isinstance(inner, str):
                yield inner
            else:
                yield from _questions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _questions(inner)
