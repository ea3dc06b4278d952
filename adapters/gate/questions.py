"""What the gate asks: the task's held-out examples, and what an adapter must not unlearn."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from crossover.adapters.base_model.dialogues import Dialogue, Reading, reading
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.passages import Style
from crossover.adapters.examples import Example, first_question
from crossover.adapters.prompt import UNKNOWN, Message
from crossover.adapters.registry import AdapterVersion, Registry

READING, REFUSING = 48, 24
"""Generated questions about a passage, and those whose passage has no answer."""
OTHERS = 24
"""Held-out examples of each other task."""
_ONE_PASSAGE = Style(passages=(1, 1), facts=(2, 2), titles=1.0, handbook=1.0)
_SEED = "gate"


@dataclass(frozen=True, slots=True)
class Item:
    """One question and the answer that counts as right.

    Args:
        messages: earlier turns and the question, without a system message.
        reference: the right answer.
        kind: what it shows: ``task``, ``reading``, ``refusing`` or the name of another adapter's task.
        group: items about one thing, which statistics draw together.
        system: the data set's own system message.
        passages: whether the question holds passages, and so is asked under the prompt for them.
    """

    messages: tuple[Message, ...]
    reference: str
    kind: str
    group: str
    system: str = ""
    passages: bool = False


def task_items(examples: Sequence[Example], limit: int, kind: str = "task") -> list[Item]:
    """At most `limit` of some examples, always the same ones."""
    drawn = sorted(random.Random(_SEED).sample(range(len(examples)), min(limit, len(examples))))
    return [
        Item(
            messages=(*example.history, Message("user", example.question)),
            reference=example.answer,
            kind=kind,
            group=f"{kind}: {' '.join(first_question(example).casefold().split())}",
            system=example.system,
        )
        for example in (examples[number] for number in drawn)
    ]


def forgetting_items(registry: Registry, name: str) -> list[Item]:
    """Reading and refusing, on generated passages that no training shows, and the tasks of the other adapters."""
    items = [*_generated("reading", READING, 0.0), *_generated("refusing", REFUSING, 1.0)]
    for version in registry.promoted():
        if version.name != name:
            items += task_items(registry.held_out_examples(version), OTHERS, version.name)
    return items


def held_out(registry: Registry, version: AdapterVersion, limit: int) -> list[Item]:
    """The task's held-out examples that were kept beside a version; those it was trained on are left out."""
    trained = {_whole(example) for example in registry.training_examples(version)}
    return task_items(
        [example for example in registry.held_out_examples(version) if _whole(example) not in trained], limit
    )


def _whole(example: Example) -> tuple[str, tuple[Message, ...], str]:
    return example.system, example.history, " ".join(example.question.casefold().split())


def _generated(kind: str, count: int, unanswerable: float) -> Iterator[Item]:
    draw, task = Draw(f"{_SEED} {kind}", "held-out"), Reading(_ONE_PASSAGE, unanswerable=unanswerable)
    for number in range(count):
        made = _drawn(lambda: reading(draw, task))
        yield Item(made.messages[-2:-1], made.value or UNKNOWN, kind, f"{kind} {number}", passages=True)


def _drawn(draw: Callable[[], Dialogue | None]) -> Dialogue:
    while (made := draw()) is None:
        pass
    return made
