"""No copies of one paragraph among the passages, and never a fact lost for it.

A copy has the same words in the same order as a passage before it, or as a part of it, whatever the layout,
case, markup and punctuation; words may be spelt differently (`colour`, `color`). Another name, number, date or
word makes another passage: lists of offices or versions are alike in everything but what they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from crossover.indexer.fusion import Candidate

_WORD = re.compile(r"\w+")
_TELLING = 8  # words that say something by themselves
_SPELLING = 85.0  # of 100: how alike two spellings of a word are; `legal` and `illegal` are less


@dataclass(frozen=True, slots=True)
class Dropped:
    """A passage that was left out because the passage `like` says the same."""

    chunk: str
    document: str
    like: str


def distinct(candidates: Iterable[Candidate], k: int) -> tuple[list[Candidate], list[Dropped]]:
    """The first `k` that are no copies of what stands before them, and what was left out for that."""
    kept: list[tuple[Candidate, list[str]]] = []
    dropped: list[Dropped] = []
    for candidate in candidates:
        if len(kept) == k:
            break
        words = _WORD.findall(candidate.passage.text)
        like = next((o for o, known in kept if _is_copy(words, known) and _says_alike(candidate, o, words)), None)
        if like:
            dropped.append(Dropped(candidate.passage.chunk, candidate.passage.document, like.passage.chunk))
        else:
            kept.append((candidate, words))
    return [candidate for candidate, _ in kept], dropped


def _is_copy(words: list[str], known: list[str]) -> bool:
    if len(words) == len(known):
        return all(_same(one, other) for one, other in zip(words, known, strict=True))
    return len(words) < len(known) and f" {' '.join(words)} ".casefold() in f" {' '.join(known)} ".casefold()


def _says_alike(one: Candidate, other: Candidate, words: list[str]) -> bool:
    """A few words, such as "No.", say something only under their title."""
    return len(words) >= _TELLING or one.passage.title == other.passage.title


def _same(one: str, other: str) -> bool:
    if one.casefold() == other.casefold():
        return True
    # Capitals are names, digits numbers and dates; a prefix may turn the meaning round.
    return (
        one.islower()
        and other.islower()
        and one.isalpha()
        and one[0] == other[0]
        and fuzz.ratio(one, other) >= _SPELLING
    )
