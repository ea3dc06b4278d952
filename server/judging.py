"""Where the gate's statistics are handed in: they live above, in a package that the server never imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossover.adapters.gate.evaluate import Judge

_makers: list[Callable[[], Judge]] = []


def hand_in(make: Callable[[], Judge]) -> None:
    """What makes the judge when a gate first needs it."""
    _makers[:] = [make]


def judge() -> Judge | None:
    """Who scores and compares; None in a process that nobody handed it to."""
    return _makers[0]() if _makers else None
