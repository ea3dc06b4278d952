"""Labels that training would get wrong: one that nearly all rows have, ones with hardly a row, one in two spellings."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from rapidfuzz.distance import OSA

from crossover.adapters.examples import DataWarning
from crossover.adapters.quality.examined import Examined, Source, key

_ROWS = 50  # fewer, and shares mean nothing
_MOST = 0.8
_FEW = 5  # rows of a label, where half of the labels have ten times as many
_OFTENER = 10


def find(examined: Examined) -> Iterator[DataWarning]:
    """What is odd about the labels of each file, told for the file as a whole."""
    for source in examined.sources:
        if source.labels:
            yield from _spellings(source)
        if sum(source.labels.values()) >= _ROWS:
            yield from _balance(source)


def _balance(source: Source) -> Iterator[DataWarning]:
    rows = sum(source.labels.values())
    label, count = source.labels.most_common(1)[0]
    if len(source.labels) > 1 and count > _MOST * rows:
        share = f"{100 * count / rows:.0f} %"
        expected = f"other labels in more than a fifth: who always says it is right in {share}"
        yield source.warn_file("answer", f'the label "{label}" in {share} of {rows} rows', expected, "label-balance")
    usual = median(source.labels.values())
    few = [f'"{label}" ({count})' for label, count in source.labels.items() if count < min(_FEW, usual / 10)]
    if few:
        found = f"{len(few)} labels with hardly a row: {', '.join(few[:8])}{', …' if len(few) > 8 else ''}"
        yield source.warn_file("answer", found, f"some tens each; half of them have {usual:.0f}", "label-balance")


def _spellings(source: Source) -> Iterator[DataWarning]:
    for first, second in _pairs(source):
        found = f'the labels "{first}" ({source.labels[first]}) and "{second}" ({source.labels[second]})'
        yield source.warn_file("answer", found, "one spelling: they are learnt as two", "label-spelling")


def _pairs(source: Source) -> Iterator[tuple[str, str]]:
    by_count = [label for label, _ in source.labels.most_common()]
    for place, first in enumerate(by_count):
        for second in by_count[place + 1 :]:
            oftener = source.labels[first] >= _OFTENER * source.labels[second]
            if key(first) == key(second) or (oftener and _typo(first, second)):
                yield first, second


def _typo(first: str, second: str) -> bool:
    plain = first.isalpha() and second.isalpha() and min(len(first), len(second)) > _FEW
    return plain and OSA.distance(first.casefold(), second.casefold()) == 1
