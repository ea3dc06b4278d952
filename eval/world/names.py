"""Made-up words and values: nothing drawn here names a real person, place, firm or thing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal

Kind = Literal["person", "code", "time", "date", "amount", "weight", "pages", "place", "phrase", "firm"]

_STARTS = "b br ch d dr f fl g gr h j k kr l m n p pl r s sh st t th tr v w y z".split()
_VOWELS = "a e i o u a e i o ae ei ou ea ia".split()
_CODAS = "n r l s m x th nd rk st ck".split()

_QUALITIES = """amber bright bronze calm cold copper crimson deep dry early eastern electric frozen golden grand green
grey heavy hidden high hollow iron late little lunar northern old polar quiet rapid red rough round royal silent
silver small soft southern tall tidal tiny velvet warm western white wild winter wooden yellow""".split()
_THINGS = """anchor arrow barrel basket beacon bell bench boat bottle bridge bundle cabin candle castle chain clock
cloud corner cup drum falcon feather field fire forest fountain garden gate glove grain hammer harbour helmet horn
island kettle key ladder lamp lantern lens map meadow mirror mountain needle oven pencil planet plate pool ribbon
ring river rope sail shelf star storm stream summit table tower tunnel valley wagon wheel window wing""".split()
_PLACES = "Bay Bridge Harbour Hill Park Road Square Street Valley".split()
_FIRMS = "Foods Logistics Motors Supplies Textiles Works".split()
_LETTERS = "BCDFGHJKLMNPRSTVWXZ"
_MONTHS = """January February March April May June July August September October November December""".split()

_ATTEMPTS = 2000


class WorldTooLarge(ValueError):
    """More different names or values were asked for than can be made up."""


class Names:
    """Words and values from one seeded generator, none of them twice.

    Every value belongs to one fact alone, so an answer that equals a reference can have come from nowhere else.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._used: set[str] = set()

    def stem(self) -> str:
        """A capitalised word of two syllables, such as Velmarn."""
        return self.unique(self._word)

    def twin(self, stem: str) -> str:
        """A word that differs from `stem` in its last letters alone, such as Velmack for Velmarn."""
        root = stem.rstrip("bcdfghjklmnpqrstvwxz")
        return self.unique(lambda: root + self._rng.choice(_CODAS))

    def value(self, kind: Kind) -> str:
        """A value of one kind: 06:40 for a time, 340 euros for an amount, silver lantern for a phrase."""
        between, pick = self._rng.randint, self._rng.choice
        draw: dict[Kind, Callable[[], str]] = {
            "person": lambda: f"{self._word()} {self._word()}",
            "code": lambda: f"{pick(_LETTERS)}{pick(_LETTERS)}-{between(101, 999)}",
            "time": lambda: f"{between(5, 22):02d}:{between(0, 59):02d}",
            "date": lambda: f"{between(1, 28)} {pick(_MONTHS)}",
            "amount": lambda: f"{between(21, 999)} euros",
            "weight": lambda: f"{between(21, 999)} kilograms",
            "pages": lambda: f"{between(21, 999)} pages",
            "place": lambda: f"{self._word()} {pick(_PLACES)}",
            "phrase": lambda: f"{pick(_QUALITIES)} {pick(_THINGS)}",
            "firm": lambda: f"{self._word()} {pick(_FIRMS)}",
        }
        return self.unique(draw[kind])

    def unique(self, draw: Callable[[], str]) -> str:
        """The first result of `draw` that was not given out before.

        Raises:
            WorldTooLarge: none was found.
        """
        for _ in range(_ATTEMPTS):
            text = draw()
            if text not in self._used:
                self._used.add(text)
                return text
        raise WorldTooLarge(f"no unused name is left after {len(self._used)}; ask for a smaller world")

    def _word(self) -> str:
        pick = self._rng.choice
        return (pick(_STARTS) + pick(_VOWELS) + pick(_STARTS) + pick(_VOWELS) + pick(_CODAS)).capitalize()
