"""Words of questions, passages and answers, for comparing them cheaply: no model, no index."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # kana and Han: words without spaces between
# Words that say how something is asked, not what about. Other languages keep theirs: all shares are then lower alike.
_ASKING = frozenset(
    "a an and are at be been by can could did do does for from give had has have how i if in is it its many may me "
    "much of on or please say tell that the their them there these this to was we were what when where which who "
    "whom whose why will with would you your".split()
)
_KINDS = {
    "asks_person": re.compile(r"\b(?:who|whom|whose)\b", re.IGNORECASE),
    "asks_number": re.compile(
        r"\b(?:how (?:many|much|long|far|old|often|large|big|high|wide)|number)\b", re.IGNORECASE
    ),
    "asks_time": re.compile(r"\b(?:when|what (?:time|day|date|year|month)|which (?:day|year|month))\b", re.IGNORECASE),
    "asks_place": re.compile(r"\bwhere\b", re.IGNORECASE),
}


def kinds_of(question: str) -> dict[str, bool]:
    """What the question words ask for, by the names of the features."""
    return {name: bool(pattern.search(question)) for name, pattern in _KINDS.items()}


@lru_cache(4096)  # training questions come again with every question that they resemble
def words_of(text: str) -> frozenset[str]:
    """The words of a text in one case, without those that only ask; pairs of characters where nothing is spaced."""
    found = (word for word in _WORD.findall(text.casefold()) if word not in _ASKING)
    return frozenset(part for word in found for part in _parts(word))


def share(wanted: frozenset[str], found: frozenset[str]) -> float | None:
    """The share of the wanted words that were found; None where none is wanted."""
    return len(wanted & found) / len(wanted) if wanted else None


def _parts(word: str) -> list[str]:
    if len(word) < 3 or not _UNSPACED.search(word):
        return [word]
    return [word[n : n + 2] for n in range(len(word) - 1)]
