"""Which texts say nearly the same: MinHash and locality-sensitive hashing find the candidates, exact sets decide.

Broder 1997 (resemblance of shingle sets); Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasketch import MinHash

_SHINGLE = 5  # characters: works for languages without spaces too
_SHORTEST = 20  # characters; below, one other word is another question
_LONGEST = 2000  # characters that are compared
_PERMUTATIONS = 128
_CANDIDATE, _NEAR = 0.75, 0.85  # Jaccard similarity of the shingles
_WORD = re.compile(r"\w+")


class NearTexts:
    """Texts of which those are found again that are equal but for a few letters or small words.

    Texts that differ in a number or in a name are about different things, however much else they share.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        from datasketch import MinHash, MinHashLSH

        self._index = MinHashLSH(threshold=_CANDIDATE, num_perm=_PERMUTATIONS)
        self._empty = MinHash(num_perm=_PERMUTATIONS, hashfunc=zlib.crc32)
        self._texts: dict[str, set[bytes]] = {}
        for text in texts:
            self.add(text)

    def near(self, text: str) -> list[str]:
        """The texts that are near to this one, sorted; to a short one none is."""
        return self._look(text)[0] if len(text) >= _SHORTEST else []

    def add(self, text: str) -> list[str]:
        """Takes a text up; those that were near to it."""
        if text in self._texts or len(text) < _SHORTEST:
            return []
        near, minhash, shingles = self._look(text)
        self._texts[text] = shingles
        self._index.insert(text, minhash, check_duplication=False)
        return near

    def _look(self, text: str) -> tuple[list[str], MinHash, set[bytes]]:
        shingles = _shingles(text)
        minhash = self._empty.copy()
        minhash.update_batch(shingles)
        near = [
            other
            for other in sorted(self._index.query(minhash))
            if _jaccard(self._texts[other], shingles) >= _NEAR and _same_subject(other, text)
        ]
        return near, minhash, shingles


def near_pairs(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of different texts that are near to each other, the earlier one first."""
    known = NearTexts()
    for text in texts:
        for other in known.add(text):
            yield other, text


def clusters(items: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Each key with the one that stands for its cluster: keys of one group, and of near texts, are in one.

    Args:
        items: key, text and group ("": none) of each item.
    """
    parent: dict[str, str] = {}
    key_of: dict[str, str] = {}
    first_of: dict[str, str] = {}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for key, text, group in items:
        parent.setdefault(key, key)
        key_of.setdefault(text, key)
        if group:
            parent[root(key)] = root(first_of.setdefault(group, key))
    for one, other in near_pairs(key_of):
        parent[root(key_of[other])] = root(key_of[one])
    return {key: root(key) for key in parent}


def _shingles(text: str) -> set[bytes]:
    plain = " ".join(text[:_LONGEST].casefold().split())
    return {plain[start : start + _SHINGLE].encode() for start in range(max(1, len(plain) - _SHINGLE + 1))}


def _jaccard(first: set[bytes], second: set[bytes]) -> float:
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared)


def _same_subject(first: str, second: str) -> bool:
    one, other = _WORD.findall(first), _WORD.findall(second)
    known = {word.casefold() for word in one} & {word.casefold() for word in other}
    return not any(_tells(word, place) for words in (one, other) for place, word in enumerate(words)
                   if word.casefold() not in known)  # fmt: skip


def _tells(word: str, place: int) -> bool:
    """Whether a word names or numbers what a question is about."""
    return any(letter.isdigit() for letter in word) or (place > 0 and word[0].isupper() and word != "I")
