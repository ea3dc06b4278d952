"""Random words, answer values and entities, from one seeded generator and one split."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from crossover.adapters.base_model import words as w

Split = Literal["train", "shared", "held-out"]
"""train: training words and wordings; shared: held-out words; held-out: held-out words *and* wordings."""

T = TypeVar("T")

# Every name is a pattern with slots, so that a near twin is the same name with one slot drawn again.
# The noun is what a later sentence may call the entity.
ENTITIES: tuple[tuple[str, str], ...] = (
    ("{word} {firm}", "company"),
    ("{word}", "firm"),
    ("the {word} {unit}", "{unit}"),
    ("the {word} {unit}", "{unit}"),
    ("Project {word}", "project"),
    ("Project {Adjective} {Noun}", "project"),
    ("the {word} {tail} {unit}", "{unit}"),
    ("{word} {noun} policy", "policy"),
    ("the {word} {noun}", "unit"),
    ("the {noun} {unit} in {word}", "{unit}"),
    ("{word} {small}", "model"),
    ("{word} Tower", "building"),
    ("{first} {word}", "person"),
    ("the {adjective} {noun} scheme", "scheme"),
    ("the {word} {system}", "system"),
    ("the {adjective} {noun} {unit}", "{unit}"),
    ("the {noun} policy for {word}", "policy"),
)
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Entity:
    """Something facts are about."""

    pattern: str
    slots: tuple[tuple[str, str], ...]
    noun: str

    @property
    def name(self) -> str:
        """The full name, lower-case article included."""
        values = iter(value for _, value in self.slots)
        return _SLOT.sub(lambda _: next(values), self.pattern)


class Draw:
    """Draws from the corpus's vocabulary; equal seeds and splits give equal texts."""

    def __init__(self, seed: int | str | random.Random, split: Split = "train") -> None:
        self.random = seed if isinstance(seed, random.Random) else random.Random(seed)
        self.split: Split = split
        self._held_out_words = split != "train"

    def chance(self, share: float) -> bool:
        """True in that share of the calls."""
        return self.random.random() < share

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self.random.random() * len(items))]

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.random.random() * (high - low + 1))

    def word(self) -> str:
        """A made-up capitalised word of this split."""
        while True:
            count = self.pick((2, 2, 2, 3))
            made = "".join(self._syllable(last=n > 0 or self.chance(0.5)) for n in range(count))
            if w.is_held_out(made) == self._held_out_words:
                return made.capitalize()

    def near_word(self, word: str) -> str:
        """A word of this split that differs from `word` in one syllable at its start or end."""
        for _ in range(20):
            half = max(2, len(word) // 2)
            near = (word[:half] + self._syllable(last=True)) if self.chance(0.5) else (self._syllable() + word[half:])
            if w.is_held_out(near) == self._held_out_words and near.lower() != word.lower():
                return near.capitalize()
        return self.word()

    def composed(self, tails: Sequence[str]) -> tuple[str, str]:
        """An attribute made of ordinary words, such as ``winter badge colour``, and its tail."""
        while True:
            tail = self.pick(tails)
            kind = self.random.random()
            head = self.pick(w.NOUNS)
            if kind >= 0.5:
                head = f"{self.pick(w.ADJECTIVES if kind < 0.8 else w.NOUNS)} {head}"
            if w.is_held_out(f"{head} {tail}") == self._held_out_words:
                return f"{head} {tail}", tail

    def entity(self) -> Entity:
        """A new entity."""
        pattern, noun = self.pick(ENTITIES)
        slots = tuple((slot, self._slot(slot)) for slot in _SLOT.findall(pattern))
        return Entity(pattern, slots, dict(slots).get(noun.strip("{}"), noun))

    def twin(self, entity: Entity) -> Entity:
        """A near duplicate: one slot of the name drawn again, a made-up word often in part only."""
        slots = list(entity.slots)
        at = self.between(0, len(slots) - 1)
        slot, old = slots[at]
        new = old
        while new == old:
            new = self.near_word(old) if slot == "word" and self.chance(0.6) else self._slot(slot)
        slots[at] = (slot, new)
        return Entity(entity.pattern, tuple(slots), new if entity.noun == old else entity.noun)

    def loosely(self, entity: Entity) -> str | None:
        """What somebody calls it who has the kind of thing in other words; None where it has a proper name alone."""
        if not entity.name.startswith("the "):
            return None
        parts = entity.name.split(" ")
        kinds = [n for n, part in enumerate(parts) if part in w.CALLED]
        if not kinds:
            return None
        at = kinds[-1]
        return " ".join((*parts[:at], self.pick(w.CALLED[parts[at]]), *parts[at + 1 :]))

    def value(self, kind: str) -> str:
        """A value of one answer type (a key of KINDS)."""
        return KINDS[kind](self)

    def letters(self, count: int) -> str:
        """Capital letters, without the ones that read as digits."""
        return "".join(self.pick("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(count))

    def digits(self, count: int) -> str:
        """Digits, leading zeros included."""
        return "".join(self.pick("0123456789") for _ in range(count))

    def _syllable(self, *, last: bool = False) -> str:
        return self.pick(w.ONSETS) + self.pick(w.VOWELS) + (self.pick(w.CODAS) if last else "")

    def _slot(self, slot: str) -> str:
        if slot == "word":
            return self.word()
        if slot == "unit" and self.split == "train" and self.chance(0.5):
            return self.pick(w.MORE_KINDS)
        if slot == "small":
            return str(self.between(2, 99))
        if slot in ("Adjective", "Noun"):
            return self.pick(_SLOTS[slot.lower()]).title()
        return self.pick(_SLOTS[slot])


def _person(d: Draw) -> str:
    return f"{d.pick(w.FIRST_NAMES) if d.chance(0.7) else d.word()} {d.word()}"


def _place(d: Draw) -> str:
    kind, word = d.random.random(), d.word()
    if kind < 0.4:
        return word
    return f"{word} {d.pick(w.PLACE_TAILS)}" if kind < 0.8 else f"{d.pick(w.PLACE_HEADS)} {word}"


def _date(d: Draw) -> str:
    day, month = d.between(1, 28), d.pick(w.MONTHS)
    year = f" {d.between(1950, 2049)}" if d.chance(0.6) else ""
    if d.chance(0.2):
        return f"{month} {day}{',' if year else ''}{year}"
    return f"{day} {month}{year}"


def _money(d: Draw) -> str:
    n = d.pick((d.between(5, 99), d.between(100, 999), d.between(10, 99) * 50, d.between(1000, 99999)))
    return d.pick((f"${n:,}", f"{n:,} euros", f"{n} euros", f"{n:,} dollars", f"€{n}"))


def _quantity(d: Draw) -> str:
    n = d.pick((d.between(2, 30), d.between(2, 99), d.between(100, 999), d.between(1000, 9999)))
    return f"{n} {d.pick(w.UNITS)}"


def _time(d: Draw) -> str:
    if d.chance(0.8):
        return f"{d.between(0, 23):02d}:{d.between(0, 11) * 5:02d}"
    return f"{d.between(1, 12)} {d.pick(('am', 'pm'))}"


def _code(d: Draw) -> str:
    shape = d.pick(("LL-DDD", "LLL-DDDD", "LDD", "LLDDDD", "DD-LL-DD", "W-DD", "LL-DDDDD", "DDDD-L"))
    parts: dict[str, Callable[[], str]] = {"L": lambda: d.letters(1), "D": lambda: d.digits(1), "W": d.word}
    return "".join(parts[c]() if c in parts else c for c in shape)


def _version(d: Draw) -> str:
    return f"{d.between(0, 19)}.{d.between(0, 29)}" + (f".{d.between(0, 19)}" if d.chance(0.5) else "")


def _phrase(d: Draw) -> str:
    adjective = (d.pick(w.ADJECTIVES),) if d.chance(0.7) else ()
    nouns = (d.pick(w.NOUNS), d.pick(w.NOUNS))[: d.pick((1, 2))]
    return d.pick(("the ", "")) + " ".join((*adjective, *nouns))


def _room(d: Draw) -> str:
    return d.pick(
        (
            f"Room {d.between(1, 499)}",
            f"Hall {d.pick('ABCDEFGH')}",
            f"Building {d.between(1, 40)}",
            f"Floor {d.between(1, 30)}",
            f"Bay {d.between(1, 99)}",
            f"Room {d.between(1, 9)}{d.pick('ABCDEF')}",
            f"Gate {d.between(1, 60)}",
        )
    )


def _colour(d: Draw) -> str:
    return (d.pick(("dark ", "light ", "pale ", "bright ")) if d.chance(0.3) else "") + d.pick(w.COLOURS)


KINDS: dict[str, Callable[[Draw], str]] = {
    "word": Draw.word,
    "person": _person,
    "place": _place,
    "org": lambda d: f"{d.word()} {d.pick(w.FIRM_TAILS)}",
    "date": _date,
    "year": lambda d: str(d.between(1900, 2059)),
    "money": _money,
    "quantity": _quantity,
    "share": lambda d: f"{d.between(1, 99)} {d.pick(('percent', '%'))}".replace(" %", "%"),
    "time": _time,
    "code": _code,
    "version": _version,
    "phrase": _phrase,
    "colour": _colour,
    "material": lambda d: d.pick(w.MATERIALS),
    "day": lambda d: d.pick(("", "every ", "every second ")) + d.pick(w.DAYS),
    "room": _room,
    "email": lambda d: f"{d.pick(w.NOUNS)}@{d.word().lower()}.{d.pick(('com', 'org', 'net'))}",
}
"""The answer types, and how a value of each is drawn."""

_SLOTS: dict[str, Sequence[str]] = {
    "firm": w.FIRM_TAILS,
    "unit": w.UNIT_KINDS,
    "noun": w.NOUNS,
    "adjective": w.ADJECTIVES,
    "first": w.FIRST_NAMES,
    "tail": w.PLACE_TAILS,
    "system": w.SYSTEMS,
}
