"""What a training draws its rows from: tasks by their weights, what is not to be forgotten, passages where wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossover.adapters.examples import DataSet, Example
from crossover.adapters.training.context import ContextDrawer, Drawn, Mixture
from crossover.adapters.training.options import TrainOptions
from crossover.adapters.training.replay import gather
from crossover.adapters.training.schedule import schedule
from crossover.adapters.training.sources import Retrieve
from crossover.adapters.training.tasks import Task, decks, together


class Material:
    """All rows of a training.

    Args:
        tasks: what is learnt.
        options: see TrainOptions.
        others: examples of other tasks, of which replay takes its share.
        retrieve: the passages for a question; None: without context.

    Raises:
        ValueError: there are no examples, or no passages for any.
    """

    def __init__(
        self, tasks: Sequence[Task], options: TrainOptions, others: Sequence[Example], retrieve: Retrieve | None
    ) -> None:
        self.data = together(tasks)
        dealt = decks(tasks)
        rows = sum(deck.each_epoch for deck in dealt)
        self._replay = gather(
            options.replay, rows, options.epochs, others, passages=options.passages, seed=options.seed
        )
        self._told = (*self.data.examples, *self._replay.kept)
        self.drawer = context_drawer(self._told, options, retrieve, options.mixture) if retrieve else None
        if self.drawer and not self.drawer.documents:
            raise ValueError("no passage was found for any example: index documents first, or train without context")
        self.shown = schedule([*dealt, *self._replay.decks(len(self.data.examples))], options.epochs, options.seed)
        self.examples = (*self._told, *self._replay.unread)
        self.decisive: list[Any] = [
            [task.card.model_dump() for task in tasks],
            DataSet("others", self._replay.kept).fingerprint,
            self.drawer.documents if self.drawer else None,
        ]
        """What decides the rows beside the options."""

    def draw(self, before: int, row: int) -> Drawn:
        """The form of a row that was shown `before` times."""
        if row >= len(self._told):
            return self._replay.reading[row - len(self._told)]
        if self.drawer:
            return self.drawer.draw(before, row)
        return Drawn(self.examples[row])

    @property
    def replayed(self) -> dict[str, int]:
        """How many rows of other tasks, and of reading and refusing, all epochs show; empty without replay."""
        rows = [row for epoch in self.shown for _, row in epoch if row >= len(self.data.examples)]
        reading = sum(row >= len(self._told) for row in rows)
        return {"other tasks": len(rows) - reading, "reading and refusing": reading} if rows else {}


def context_drawer(
    examples: Sequence[Example], options: TrainOptions, retrieve: Retrieve, mixture: Mixture | None = None
) -> ContextDrawer:
    """What draws examples with passages; `mixture` None: the usual one, so that losses of trainings compare."""
    return ContextDrawer(
        examples,
        retrieve,
        passages=options.passages,
        mixture=mixture,
        seed=options.seed,
    )
