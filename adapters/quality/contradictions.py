"""One question with answers that cannot both be right. Wordings of one answer, and open questions, are no such case."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rapidfuzz import fuzz

from crossover.adapters.examples import DataWarning, Example
from crossover.adapters.quality.examined import Examined, Source, grouped, key

_SHORT, _LETTERS = 5, 40  # words and letters: a longer answer may say the same in other words
_OPEN = 3  # more answers than that, and the question has many right ones
_UNLIKE = 50.0  # per cent of letters in common
_WIDE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")  # a letter there is as much as a word here
_YES_NO = re.compile(r"(yes|no)\b", re.IGNORECASE)


def find(examined: Examined) -> Iterator[DataWarning]:
    """Each later answer that contradicts the first one of its question."""
    for source in examined.sources:
        for group in grouped(source.examples):
            yield from _within(source, group)


def _within(source: Source, group: list[Example]) -> Iterator[DataWarning]:
    answers = {key(example.answer): example for example in reversed(group)}
    if len(answers) == 1 or (len(answers) > _OPEN and not source.labels):
        return
    first = group[0]
    for example in group[1:]:
        if (source.labels and key(example.answer) != key(first.answer)) or _contradict(first.answer, example.answer):
            found = f"{_shown(example)}, while line {first.line} answers the same question with {_shown(first)}"
            yield source.warn(example, "answer", found, "one answer to one question", "contradiction")


def _contradict(first: str, second: str) -> bool:
    one, other = _YES_NO.match(first), _YES_NO.match(second)
    if one and other:
        return one[0].lower() != other[0].lower()
    short = all(
        len(answer.split()) <= _SHORT and len(answer) <= _LETTERS and len(_WIDE.findall(answer)) <= _SHORT
        for answer in (first, second)
    )
    return short and fuzz.token_set_ratio(key(first), key(second)) < _UNLIKE


def _shown(example: Example) -> str:
    return f'"{example.answer[:30]}{"…" if len(example.answer) > 30 else ""}"'
