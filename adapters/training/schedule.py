"""Which rows an epoch shows: all of them once, or several files and the replay mixed by weight."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

Shown = tuple[int, int]
"""How often a row was shown before, and which row: what its form is drawn from."""


@dataclass(frozen=True, slots=True)
class Deck:
    """Rows of one kind, dealt like cards: none comes again before all have come.

    Args:
        rows: their numbers.
        each_epoch: how many an epoch shows on average, not necessarily a whole number.
    """

    rows: range
    each_epoch: float

    def dealt(self, epochs: int, seed: str) -> list[list[Shown]]:
        """The rows of each epoch."""
        cards = self._cards(seed)
        ends = [round(self.each_epoch * epoch) for epoch in range(epochs + 1)]
        return [sorted(islice(cards, ends[epoch + 1] - ends[epoch])) for epoch in range(epochs)]

    def _cards(self, seed: str) -> Iterator[Shown]:
        shown = 0
        while self.rows:
            order = list(self.rows)
            random.Random(f"{seed}/{shown}").shuffle(order)
            yield from ((shown, row) for row in order)
            shown += 1


def schedule(decks: Sequence[Deck], epochs: int, seed: int) -> list[list[Shown]]:
    """The rows of each epoch, from all decks.

    Raises:
        ValueError: the epochs would show nothing at all.
    """
    dealt = [deck.dealt(epochs, f"{seed}/{number}") for number, deck in enumerate(decks)]
    mixed = [[shown for hand in hands for shown in hand] for hands in zip(*dealt, strict=True)]
    if not any(mixed):
        raise ValueError("the weights leave no row for any epoch: raise them, or train for more epochs")
    return mixed


def share_of(rows: float, share: float) -> float:
    """How many further rows make up `share` of all when there are `rows` others."""
    return math.ceil(rows * share / (1 - share)) if share else 0.0
