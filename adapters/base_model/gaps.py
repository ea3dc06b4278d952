"""Which part of a sentence a question asks for: a few words, a longer stretch, or what a connecting word leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.lexicon import FUNCTION_WORDS

_MOST = 9
_JOINING = frozenset("a an and by for from in its of on or the their to with".split())
_CONNECTED = {
    "because": ("Why", "For what reason", "What is the reason that"),
    "so that": ("Why", "For what purpose", "To what end"),
    "in order to": ("Why", "For what purpose", "To do what"),
    "by": ("How", "By what", "By means of what", "In what way"),
    "with": ("With what", "Together with what"),
    "without": ("Without what",),
    "from": ("From what", "Out of what", "Where from"),
    "into": ("Into what", "Where"),
    "for": ("For what", "For what purpose"),
    "under": ("Under what", "Where"),
    "during": ("During what", "When"),
    "before": ("Before what", "When"),
    "after": ("After what", "When"),
    "until": ("Until when", "How long"),
    "when": ("When", "On what occasion"),
    "if": ("When", "On what condition", "In which case"),
    "unless": ("Except in which case",),
    "instead of": ("Instead of what",),
    "such as": ("What, for example,",),
    "called": ("What is the name of", "How is it called that"),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """The words from `begin` to before `end`; the question may use what stands before `before` and after `end`.

    Attributes:
        asked: ways to ask for what a connecting word leads to; empty: by "what" in the gap's place.
    """

    begin: int
    end: int
    before: int
    asked: tuple[str, ...] = ()


def drawn(draw: Draw, parts: Sequence[str]) -> Gap | None:
    """A part of a sentence that is split at its blanks; None where it has none."""
    kind = draw.random.random()
    found = _clauses(parts) if kind < 0.3 else _stretches(parts) if kind < 0.6 else []
    found = found or [Gap(begin, end, begin) for begin, end in _runs(parts) if end - begin <= 4]
    return draw.pick(found) if found else None


def _clauses(parts: Sequence[str]) -> list[Gap]:
    """What follows a connecting word, as far as the next comma or connecting word."""
    lowered, found = [part.lower() for part in parts], []
    for before in range(2, len(parts)):
        for connecting, asked in _CONNECTED.items():
            size = len(connecting.split())
            if " ".join(lowered[before : before + size]) != connecting:
                continue
            begin = before + size
            end = begin
            while end < len(parts) and lowered[end] not in _CONNECTED:
                end += 1
                if parts[end - 1][-1:] in ",;:":
                    break
            if 2 <= end - begin <= _MOST:
                found.append(Gap(begin, end, before, asked))
    return found


def _stretches(parts: Sequence[str]) -> list[Gap]:
    """Runs of ordinary words with the small words between them."""
    runs, found = _runs(parts), []
    for first, (begin, _) in enumerate(runs):
        for (_, joined), (after, end) in zip(runs[first:], runs[first + 1 :], strict=False):
            between = parts[joined:after]
            if parts[joined - 1][-1:] in ",;:" or not all(word in _JOINING for word in between) or end - begin > _MOST:
                break
            found.append(Gap(begin, end, begin))
    return found


def _runs(parts: Sequence[str]) -> list[tuple[int, int]]:
    """Stretches of ordinary words; a comma ends one."""
    runs, begin = [], None
    for n, part in enumerate([*parts, "the"]):
        bare = part.strip(",;:()\"'").lower()
        ordinary = bare != "" and bare not in FUNCTION_WORDS
        if ordinary and begin is None:
            begin = n
        if begin is not None and (not ordinary or part[-1:] in ",;:"):
            runs.append((begin, n + 1 if ordinary else n))
            begin = None
    return runs
