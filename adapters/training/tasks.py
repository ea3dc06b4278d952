"""Several files for one adapter (multi-task): each with how often an epoch shows its examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.card import DataCard
from crossover.adapters.examples import DataSet
from crossover.adapters.training.schedule import Deck


@dataclass(frozen=True, slots=True)
class Task:
    """A data set, and how often an epoch shows each of its examples on average."""

    data: DataSet
    weight: float = 1.0

    @property
    def card(self) -> DataCard:
        """What the adapter's card says of it."""
        return DataCard(
            name=self.data.name,
            fingerprint=self.data.fingerprint,
            examples=len(self.data.examples),
            weight=self.weight,
        )


def parse_task(argument: str) -> tuple[Path, float]:
    """The file and the weight of ``FILE[:WEIGHT]``; a file whose own name ends so is the file.

    Raises:
        ValueError: the weight is no number above 0.
    """
    file, colon, weight = argument.rpartition(":")
    if not colon or Path(argument).exists():
        return Path(argument), 1.0
    try:
        value = float(weight)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ValueError(f"{argument}: found the weight {weight!r}, expected a number above 0 behind the last colon")
    return Path(file), value


def together(tasks: Sequence[Task]) -> DataSet:
    """All examples, file after file; that of one task is its own.

    Raises:
        ValueError: there is none.
    """
    if len(tasks) == 1:
        data = tasks[0].data
    else:
        examples = [example for task in tasks for example in task.data.examples]
        data = DataSet(" + ".join(task.data.name for task in tasks), tuple(examples))
    if not data.examples:
        raise ValueError(f"{data.name}: no examples to train on")
    return data


def decks(tasks: Sequence[Task]) -> list[Deck]:
    """The rows of each task among those of all, and how many of them an epoch shows."""
    made, begin = [], 0
    for task in tasks:
        rows = range(begin, begin + len(task.data.examples))
        made.append(Deck(rows, task.weight * len(rows)))
        begin = rows.stop
    return made
