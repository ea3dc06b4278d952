"""Which of the held-out examples stop a training early, and which stay for the gate: never the same ones.

Weights chosen by a loss look better on the very examples of that loss than they are, so the gate gets others.
"""

from __future__ import annotations

from collections.abc import Sequence

from crossover.adapters.examples import DataSet, Example
from crossover.adapters.gate.evaluate import LEAST

EVALUATIONS = 20
"""How often a training looks at the validation loss."""
PATIENCE = 5
"""It stops when so many looks in a row were not the best."""
_MOST = 64


def divided(held_out: Sequence[Example]) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """The examples that training looks at, at most half and 64, and those for the gate; what belongs together stays so.

    With too few for both, all are for the gate.
    """
    if len(held_out) < 2 * LEAST:
        return (), tuple(held_out)
    gate, validation = DataSet("held out", tuple(held_out)).split(min(0.5, _MOST / len(held_out)))
    return validation.examples, gate.examples
