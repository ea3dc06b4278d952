"""Which rows of a batch belong to which adapter, laid out so that few products serve them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import torch

# Rows that lie together are used where they are; once they fall into more pieces than this for each
# adapter, it is cheaper to bring them together first (one copy of x) than to multiply so many small pieces.
_PIECES_EACH = 2
# From so many adapters on one batched product is cheaper than products of their own, while none has more rows than a
# small product takes, and what fills them up to a rectangle is not more than this share of it.
_TOGETHER = 3
_SMALL = 16
_FILLED_UP = 0.5


class Segments:
    """Which rows belong to which slot.

    Args:
        slots: the slot of each row; -1 for rows without an adapter.

    Attributes:
        pieces: (first row, row behind the last, slot), of rows as they are, or of `order` when that is given.
        order: the rows with an adapter, brought together by slot; None where they lie together anyway.
    """

    def __init__(self, slots: list[int]) -> None:
        self._slots = slots
        self.pieces = _pieces(slots)
        self.order: torch.Tensor | None = None
        if len(self.pieces) > _PIECES_EACH * len({slot for *_, slot in self.pieces}):
            order = _by_slot(slots)
            self.order = torch.tensor(order)
            self.pieces = _pieces([slots[row] for row in order])

    @cached_property
    def grid(self) -> Grid | None:
        """The same rows as a rectangle, where several adapters take a few each; else None."""
        return _grid(self._slots)

    def rows(self) -> Iterator[tuple[slice | torch.Tensor, int]]:
        """The rows of each slot, to index with."""
        for first, last, slot in self.pieces:
            yield (slice(first, last) if self.order is None else self.order[first:last]), slot


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows by slot, each slot's filled up to as many as the slot with the most has.

    Attributes:
        slots: from the first used to the last.
        rows: the row in each place of the grid; in a place that only fills up, any.
        real: the places that hold a row.
        order: the rows in there.
    """

    slots: range
    rows: torch.Tensor
    real: torch.Tensor
    order: torch.Tensor

    @property
    def span(self) -> slice:
        """To take the used slots out of a stack of all."""
        return slice(self.slots.start, self.slots.stop)


def _pieces(slots: list[int]) -> list[tuple[int, int, int]]:
    pieces, row = [], 0
    for slot, run in groupby(slots):
        length = sum(1 for _ in run)
        if slot >= 0:
            pieces.append((row, row + length, slot))
        row += length
    return pieces


def _by_slot(slots: list[int]) -> list[int]:
    """The rows with an adapter, slot by slot."""
    return sorted((row for row, slot in enumerate(slots) if slot >= 0), key=slots.__getitem__)


def _grid(slots: list[int]) -> Grid | None:
    order = _by_slot(slots)
    rows_of = Counter(slots[row] for row in order)
    if len(rows_of) < _TOGETHER:
        return None
    used, most = range(min(rows_of), max(rows_of) + 1), max(rows_of.values())
    if most > _SMALL or len(order) < (1 - _FILLED_UP) * len(used) * most:
        return None
    real = [n * most + place for n, slot in enumerate(used) for place in range(rows_of[slot])]
    rows = [0] * (len(used) * most)
    for place, row in zip(real, order, strict=True):
        rows[place] = row
    return Grid(used, torch.tensor(rows), torch.tensor(real), torch.tensor(order))
