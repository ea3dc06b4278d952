"""Examples that stand in a file twice, word for word or nearly: they count twice in training and in no score."""

from __future__ import annotations

from collections.abc import Iterator

from rapidfuzz import fuzz

from crossover.adapters.examples import DataWarning, Example
from crossover.adapters.quality.examined import Examined, Source, grouped, key

_SAME_ANSWER = 90.0  # per cent of letters in common


def find(examined: Examined) -> Iterator[DataWarning]:
    """Exact duplicates and near ones, each told at its later line."""
    for source in examined.sources:
        yield from _exact(source)
        yield from _near(source, examined.near)


def _exact(source: Source) -> Iterator[DataWarning]:
    for group in grouped(source.examples):
        first: dict[str, Example] = {}
        for example in group:
            known = first.setdefault(key(example.answer), example)
            if known is not example:
                found = f"the same question and answer as in line {known.line}"
                yield source.warn(example, "question", found, "each example once: it counts twice", "duplicate")


def _near(source: Source, near: dict[str, set[str]]) -> Iterator[DataWarning]:
    seen: dict[str, Example] = {}
    for example in source.examples:
        if example.history:
            continue
        mine = key(example.question)
        others = [seen[other] for other in near.get(mine, ()) if other in seen]
        alike = [other for other in others if other.system == example.system and _same(other.answer, example.answer)]
        if alike and mine not in seen:
            line = min(other.line for other in alike)
            found, expected = f"nearly the question of line {line}, and its answer", "examples that add something"
            yield source.warn(example, "question", found, expected, "near-duplicate")
        seen.setdefault(mine, example)


def _same(first: str, second: str) -> bool:
    digits = [[letter for letter in text if letter.isdigit()] for text in (first, second)]
    return digits[0] == digits[1] and fuzz.ratio(key(first), key(second)) >= _SAME_ANSWER
