"""The texts of examples, each once however many turns of a conversation repeat it, and how a secret one is shown."""

from __future__ import annotations

from collections.abc import Iterator

from crossover.adapters.examples import Example
from crossover.adapters.quality.examined import Part, Source


def texts_of(source: Source) -> Iterator[tuple[Example, Part, str]]:
    """The texts of a file with the example and the part that they are told at."""
    told: set[tuple[int, str]] = set()
    for example in source.examples:
        before = [example.system, *(turn.content for turn in example.history)]
        parts: list[tuple[Part, str]] = [("question", text) for text in (*before, example.question)]
        for part, text in (*parts, ("answer", example.answer)):
            if text and (example.line, text) not in told:
                told.add((example.line, text))
                yield example, part, text


def masked(value: str) -> str:
    """Enough to find it by, too little to use it."""
    shown = min(4, len(value) // 4)
    return f"{value[:shown]}…{value[-2:]}"
