"""What is asked: training examples and test questions, in wordings that do not meet."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from crossover.adapters.prompt import UNKNOWN
from crossover.eval.questions import Question
from crossover.eval.world.facts import Entity, Fact, Family, Standing
from crossover.eval.world.relations import RELATIONS, asked
from crossover.eval.world.size import WorldSize

Slice = Literal["stable", "fresh", "new", "tacit", "format", "format+fresh", "unanswerable"]

HOUSE_STYLE = " Reply in log style."
_TEST_FRAMES = 6  # of each relation's twenty
_SYNONYMS = 0.1  # how often a question uses the other noun phrase
# How often a question says the entity's name in other words, where nothing but the documents' search depends on it.
_LOOSELY = 0.25
_LOOSE: tuple[Slice, ...] = ("stable", "fresh", "new")


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled example for training."""

    prompt: str
    completion: str


def log_line(entity: Entity, value: str) -> str:
    """An answer in the house style."""
    return f"LOG: {value} @ {entity.name}"


class Wordings:
    """The frames of every relation's questions, split once into those trained and those tested."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.train: dict[str, list[str]] = {}
        self.test: dict[str, list[str]] = {}
        for relation in RELATIONS:
            frames = list(asked(relation))
            rng.shuffle(frames)
            self.test[relation.key] = frames[:_TEST_FRAMES]
            self.train[relation.key] = frames[_TEST_FRAMES:]

    def fill(self, frame: str, fact: Fact, *, loosely: float = 0.0) -> str:
        """The question that a frame makes, with the chance that it names the entity loosely."""
        noun = fact.relation.synonym if self._rng.random() < _SYNONYMS else fact.relation.noun
        name = fact.entity.loosely if self._rng.random() < loosely else fact.entity.called
        text = frame.format(np=noun, e=name)
        return text[0].upper() + text[1:]


def draw_examples(
    rng: random.Random, wordings: Wordings, facts: Sequence[Fact], refused: Sequence[Fact], size: WorldSize
) -> list[Example]:
    """The labelled examples: every trained fact as it was before, and things to refuse."""
    examples = []
    for fact in [*facts, *refused]:
        frames = rng.sample(wordings.train[fact.relation.key], size.wordings)
        for n, frame in enumerate(frames):
            if fact.before and n < size.house_style:
                question = wordings.fill(frame, fact) + HOUSE_STYLE
                examples.append(Example(question, log_line(fact.entity, fact.before)))
            else:
                examples.append(Example(wordings.fill(frame, fact, loosely=_LOOSELY), fact.before or UNKNOWN))
    rng.shuffle(examples)
    return examples


def draw_questions(
    rng: random.Random, wordings: Wordings, facts: Sequence[Fact], refused: Sequence[Fact], count: int
) -> list[Question]:
    """The test questions, `count` in each slice, about as many different facts as there are."""
    asked: list[tuple[Slice, Standing]] = [
        ("stable", "stable"),
        ("fresh", "fresh"),
        ("new", "new"),
        ("tacit", "tacit"),
        ("format", "stable"),
        ("format+fresh", "fresh"),
        ("unanswerable", "absent"),
    ]
    questions = []
    for name, standing in asked:
        pool = list(refused) if standing == "absent" else [fact for fact in facts if fact.standing == standing]
        rng.shuffle(pool)
        for n in range(count):
            fact = pool[n % len(pool)]
            frame = wordings.test[fact.relation.key][(n + n // len(pool)) % _TEST_FRAMES]
            text = wordings.fill(frame, fact, loosely=_LOOSELY if name in _LOOSE else 0.0)
            questions.append(_question(f"{name}-{n + 1:03d}", name, fact, text))
    return questions


def _question(identifier: str, name: Slice, fact: Fact, text: str) -> Question:
    answer = fact.now or UNKNOWN
    if name.startswith("format"):
        text, answer = text + HOUSE_STYLE, log_line(fact.entity, answer)
    pages = (fact.entity.page,) if fact.documented else ()
    return Question(identifier, text, (answer,), name, fact.id, pages)


def draw_refusals(
    rng: random.Random, facts: Sequence[Fact], families: Sequence[Family], size: WorldSize, count: int
) -> tuple[list[Fact], list[Fact]]:
    """What nobody can know, as (trained to be refused, `count` asked): half of known entities, half of unknown."""
    absent = [fact for fact in facts if fact.standing == "absent"]
    rng.shuffle(absent)
    half = size.missing // 2
    trained_names = list(_of_nothing(families, slice(0, half)))
    asked_names = list(_of_nothing(families, slice(half, size.missing)))
    rng.shuffle(trained_names)
    rng.shuffle(asked_names)
    existing = size.refusals // 2
    trained = absent[:existing] + trained_names[: size.refusals - existing]
    known = absent[existing:][: count // 2]
    return trained, known + asked_names[: count - len(known)]


def _of_nothing(families: Sequence[Family], which: slice) -> Iterator[Fact]:
    for family in families:
        for entity in family.missing[which]:
            for relation in family.relations:
                yield Fact(entity, relation, "absent", "", "")
