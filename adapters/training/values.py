"""Which part of an answer a passage states, and other values that could stand there.

Entity-substitution knowledge conflicts (Longpre et al. 2021, arXiv:2109.05052): a passage whose value was exchanged
can only be answered by reading it, since memory holds another one.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

_PIECE = re.compile(r"\d+|[^\W\d_]+|\s+|.", re.DOTALL)
_WORD = re.compile(r"\S+")
_TRIM = " \t\n.,;:!?\"'()[]{}|/"
# Longer answers are prose that no passage holds word for word, and all their runs of words are too many to try.
_MAX_WORDS = 48
# The share of distinct answers from which on a word counts as part of the house style.
_COMMON = 0.02


def occurs(part: str, text: str) -> re.Match[str] | None:
    """Where `part` stands in `text` as whole words, upper and lower case being equal."""
    left = r"(?<!\w)" if re.match(r"\w", part) else ""
    right = r"(?!\w)" if re.search(r"\w$", part) else ""
    return re.search(left + re.escape(part) + right, text, re.IGNORECASE)


def frame_words(answers: Iterable[str]) -> frozenset[str]:
    """The words that belong to the house style rather than to one answer: those that many different answers share."""
    distinct = [words_of(answer) for answer in set(answers)]
    counts = Counter(word for words in distinct for word in words if not word.isdigit())
    return frozenset(word for word, count in counts.items() if count >= max(3, _COMMON * len(distinct)))


def stated_span(answer: str, question: str, text: str, frame: frozenset[str] = frozenset()) -> str:
    """The part of `answer` that `text` states: all of it, or a run of words that leaves nothing to tell behind.

    What is left may be words of the question, such as the name it asks about, and words of the `frame`. Empty when
    there is no such part: of "392 crowns" a text about 927 crowns states nothing.
    """
    whole = answer.strip(_TRIM)
    if whole and occurs(whole, text) and not occurs(whole, question):
        return whole
    words = list(_WORD.finditer(answer))
    if len(words) > _MAX_WORDS:
        return ""
    known = words_of(question) | frame
    telling = [place for place, word in enumerate(words) if words_of(word[0]) - known]
    if not telling:
        return ""
    # The shortest run that tells all, and what may stand around it: the longest that the text has.
    runs = {
        answer[words[first].start() : words[last].end()].strip(_TRIM)
        for first in range(telling[0] + 1)
        for last in range(telling[-1], len(words))
    }
    for run in sorted(runs, key=lambda run: (-len(run), run)):
        if occurs(run, text):
            return run
    return ""


def words_of(text: str) -> set[str]:
    """The words of a text in lower case."""
    return set(re.findall(r"\w+", text.lower()))


class Values:
    """Values to substitute: as plausible as those they replace, and nearly never the same one twice.

    Args:
        values: the values that the data set's answers hold.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._fine: defaultdict[str, list[list[str]]] = defaultdict(list)
        self._coarse: defaultdict[str, list[list[str]]] = defaultdict(list)
        for value in sorted(set(values)):
            pieces = _PIECE.findall(value)
            self._fine[shape(value)].append(pieces)
            self._coarse[shape(value, coarse=True)].append(pieces)

    def invent(self, value: str, draw: random.Random) -> str:
        """Another value of the same shape, put together from several; `value` itself where there is no other."""
        peers = self._fine[shape(value)]
        if len(peers) < 4:
            peers = self._coarse[shape(value, coarse=True)]
        for _ in range(8):
            pieces = _PIECE.findall(value)
            for place, piece in enumerate(pieces):
                other = draw.choice(peers)[place] if peers else piece
                if piece.isdigit():
                    pieces[place] = _digits(other, draw) if draw.random() < 0.5 or len(peers) < 4 else other
                elif piece[0].isupper() and not piece.isupper() and draw.random() < 0.5:
                    pieces[place] = blend(other, draw.choice(peers)[place] if peers else piece)
                else:
                    pieces[place] = other
            invented = "".join(pieces)
            if invented.lower() != value.lower():
                return invented
        others = [peer for peers in self._coarse.values() for peer in peers if "".join(peer) != value]
        return "".join(draw.choice(others)) if others else value


def shape(value: str, *, coarse: bool = False) -> str:
    """The pattern of a value: ``12 May 2031`` is ``99 Aa 9999``; coarse: runs of digits of any length are one ``9``."""
    return "".join(_piece_shape(piece, coarse=coarse) for piece in _PIECE.findall(value))


def blend(first: str, second: str) -> str:
    """A word that neither is: the beginning of one and the end of the other."""
    return first[: (len(first) + 1) // 2] + second[len(second) // 2 :].lower()


def _piece_shape(piece: str, *, coarse: bool) -> str:
    if piece.isdigit():
        return "9" if coarse else "9" * len(piece)
    if piece.isalpha():
        return "A" if piece.isupper() else "Aa" if piece[0].isupper() else "a"
    return " " if piece.isspace() else piece


def _digits(digits: str, draw: random.Random) -> str:
    # The first digit stays within its kind: no leading zero where there was none.
    return "".join(
        draw.choice("123456789") if place == 0 and digit != "0" else draw.choice("0123456789")
        for place, digit in enumerate(digits)
    )
