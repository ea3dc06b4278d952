"""Rows of a question and its answer: ``prompt``/``completion`` or ``question``/``answer``, ``system`` optional."""

from __future__ import annotations

from crossover.adapters.examples import Example
from crossover.adapters.formats.rows import Row

NAME = "prompt-completion"
KEYS = (("prompt", "completion"), ("question", "answer"))


def matches(row: Row) -> bool:
    """Whether a row has the keys of this format, at least one of a pair."""
    return any(question in row.fields or answer in row.fields for question, answer in KEYS)


def parse(row: Row) -> list[Example]:
    """The one example of a row.

    Raises:
        DataError: a missing, empty or non-text question or answer.
    """
    pairs = [pair for pair in KEYS if pair[0] in row.fields and pair[1] in row.fields]
    question, answer = pairs[0] if pairs else next(p for p in KEYS if p[0] in row.fields or p[1] in row.fields)
    system = row.fields.get("system")
    return [
        Example(
            question=row.text(question),
            answer=row.text(answer),
            system=row.require_text("system", system) if system else "",
            line=row.line,
        )
    ]
