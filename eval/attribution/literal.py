"""Literal evidence: is a value in a text, and which part of a reference is the value?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from crossover.eval.metrics.exact_match import normalise

_WORD = re.compile(r"\w+")
_LONGEST = 8  # words; a longer reference is seldom found word for word, and its absence says nothing
_MOSTLY = 0.8
_FEWEST = 5  # different references, before what they share is taken for their form
_JUDGEMENTS = frozenset({"yes", "no", "true", "false"})


def words(text: str) -> list[str]:
    """The words of a text in one case, citations at its end left out."""
    return _WORD.findall(normalise(text))


def holds(text: Sequence[str], value: Sequence[str]) -> bool:
    """Whether the words of a value stand in a text one after another; never for an empty value."""
    return bool(value) and f" {' '.join(value)} " in f" {' '.join(text)} "


def is_literal(value: Sequence[str]) -> bool:
    """Whether a text that means this value would also contain it, so that its absence is evidence."""
    return 0 < len(value) <= _LONGEST and not _JUDGEMENTS.intersection(value)


def form_words(references: Iterable[str]) -> frozenset[str]:
    """The words that nearly all of a slice's references share: their form, such as ``LOG:``, and not their values."""
    distinct = {tuple(words(reference)) for reference in references}
    counts = Counter(word for reference in distinct for word in set(reference))
    if len(distinct) < _FEWEST:
        return frozenset()
    return frozenset(word for word, count in counts.items() if count >= _MOSTLY * len(distinct))


def value_of(reference: str, question: str, form: frozenset[str]) -> list[str]:
    """The words of a reference that are its value: where it has a form, without that and what the question says.

    Of several runs of such words the longest; the whole reference when nothing else is left.
    """
    whole = words(reference)
    if not form.intersection(whole):
        return whole
    known = form.union(words(question))
    runs: list[list[str]] = [[]]
    for word in whole:
        if word in known:
            runs.append([])
        else:
            runs[-1].append(word)
    return max(runs, key=len) or whole
