"""Replay against forgetting: rows of what the model could do before, among those of the task.

Half of them are kept examples of the adapters whose tasks this one must not spoil (its parent's and the promoted
ones'), half are reading and refusing: invented passages, questions that they answer and questions that they do not.
Those come from the training words and wordings of the built-in model's corpus, never from the gate's own questions,
which are of the held-out ones. Rehearsal is the oldest remedy (Robins 1995); a small share does most of it
(Scialom et al. 2022, arXiv:2205.12393).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from crossover.adapters.base_model import BaseModel
from crossover.adapters.base_model.dialogues import reading
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.stages import SCRATCH
from crossover.adapters.examples import Example
from crossover.adapters.prompt import UNKNOWN
from crossover.adapters.registry import AdapterVersion, Registry, UnknownAdapter
from crossover.adapters.training.context import Drawn
from crossover.adapters.training.schedule import Deck, share_of

_UNANSWERABLE = 1 / 3
_MOST_READING = 4096
"""Different ones; more epochs show them again."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is replayed; rows are numbered behind those of the task, kept examples first."""

    kept: tuple[Example, ...] = ()
    reading: tuple[Drawn, ...] = ()
    each_epoch: float = 0.0

    def decks(self, first: int) -> list[Deck]:
        """Its rows and how many of them an epoch shows; those of the task end before `first`."""
        middle = first + len(self.kept)
        share = self.each_epoch / 2 if self.kept else 0.0
        rest = Deck(range(middle, middle + len(self.reading)), self.each_epoch - share)
        return [deck for deck in (Deck(range(first, middle), share), rest) if deck.each_epoch]

    @property
    def unread(self) -> list[Example]:
        """The reading rows without their passages: what they ask for is then unknown."""
        return [replace(drawn.example, answer=UNKNOWN) for drawn in self.reading]


def gather(share: float, rows: float, epochs: int, kept: Sequence[Example], *, passages: int, seed: int) -> Replay:
    """What makes up `share` of an epoch's rows beside `rows` of the task, taking turns over the epochs.

    Args:
        share: from 0 to below 1.
        rows: of the task in an epoch.
        epochs: how many there are.
        kept: examples of the other tasks; none: all is reading and refusing.
        passages: the most that a prompt holds.
        seed: equal ones draw equal rows.
    """
    each_epoch = share_of(rows, share)
    if not each_epoch:
        return Replay()
    wanted = min(_MOST_READING, round(each_epoch * epochs * (0.5 if kept else 1.0)))
    drawn = _reading(seed, passages)
    return Replay(tuple(kept), tuple(next(drawn) for _ in range(max(1, wanted))), each_epoch)


def kept_examples(
    registry: Registry, name: str, parent: AdapterVersion | None, base: BaseModel, known: Iterable[Example]
) -> list[Example]:
    """The training examples of the parent and its parents, and of the other adapters that are promoted.

    Args:
        registry: where they are kept.
        name: the adapter that is trained: its own promoted version is no other task.
        parent: what training goes on from.
        base: adapters of another base model are left out.
        known: examples whose questions are left out: those trained on anyway, and those held out.
    """
    others = [each for each in registry.promoted() if each.name != name]
    versions = {each.served_name: each for each in [*_line(registry, parent), *others]}
    seen = {_key(example) for example in known}
    found: list[Example] = []
    for version in versions.values():
        if version.card.base_fingerprint == base.fingerprint:
            fresh = [each for each in registry.training_examples(version) if _key(each) not in seen]
            seen.update(map(_key, fresh))
            found += fresh
    return found


def _line(registry: Registry, version: AdapterVersion | None) -> Iterator[AdapterVersion]:
    """A version, what it went on from, and so on, as far as they are still there."""
    while version is not None:
        yield version
        try:
            version = registry.resolve(version.card.parent) if version.card.parent else None
        except UnknownAdapter:
            return


def _reading(seed: int, passages: int) -> Iterator[Drawn]:
    served = SCRATCH[-1].mix.reading
    style = replace(served.style, passages=(1, max(1, passages)))
    task = replace(served, style=style, turns=(1, 1), which=0.0, formats=0.0, unanswerable=_UNANSWERABLE)
    draw = Draw(f"replay {seed}", "train")
    while True:
        if (made := reading(draw, task)) is not None:
            example = Example(made.question, UNKNOWN if made.source is None else made.value)
            yield Drawn(example, made.passages, made.source)


def _key(example: Example) -> tuple[str, str, int]:
    return example.system, " ".join(example.question.casefold().split()), len(example.history)
