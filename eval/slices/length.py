"""Short and long questions."""

from __future__ import annotations

from statistics import median

from crossover.eval.slices.subject import Subject


def length(subject: Subject) -> list[str | None]:
    """The halves of the set by the number of characters, which every language has, named by where they part."""
    lengths = [len(question.question) for question in subject.questions]
    middle = int(median(lengths))
    if max(lengths) == middle:
        return [None] * len(lengths)
    return [f"up to {middle} letters" if n <= middle else f"over {middle} letters" for n in lengths]
