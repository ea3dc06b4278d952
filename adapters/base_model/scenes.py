"""Scenes: several persons, places, dates and numbers in one sentence, and questions for each of them in other words.

They stand, as plain data, in scenes.txt, and as paragraphs of several sentences in stories.txt and articles.txt: a key,
the ways to say it, then for each slot, or for [words of it], the questions that it answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from crossover.adapters.base_model import words as w
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.lexicon import words

FILES = ("scenes.txt", "stories.txt", "articles.txt")
_DRAWN = (*FILES, "articles.txt")  # the longest twice
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty")
_UNITS = {
    "period": ("days", "hours", "minutes", "weeks", "months", "years", "seconds"),
    "length": ("metres", "kilometres", "miles", "feet"),
    "weight": ("kilograms", "tons", "pounds"),
    "amount": ("litres", "grams", "cups", "spoons"),
}


@dataclass(frozen=True, slots=True)
class _Plan:
    key: str
    statements: tuple[str, ...]
    questions: tuple[tuple[str, str], ...]
    """Answer and question, both with slots."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene with its values, but without the entity {e} that it is about."""

    key: str
    statement: str
    questions: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, str], ...]

    @classmethod
    def drawn(cls, draw: Draw, near: Scene | None = None) -> Scene:
        """A new scene; with the persons, places and other values of the one that it is near to."""
        plan = draw.pick(plans(draw.pick(_DRAWN)))
        slots = sorted(_slots(plan.statements[0]) - {"e"})
        known = {_kind(slot): value for slot, value in near.values} if near else {}
        statement = draw.pick(plan.statements)
        values = []
        for slot in slots:
            value = known.pop(_kind(slot), "") or _value(draw, slot)
            if re.search(rf"\b(an?|the|its|old|new|worn|loose|rotten) {{{slot}}}", statement, re.IGNORECASE):
                value = value.removeprefix("the ").removeprefix("old ")
            values.append((slot, value))
        return cls(f"scene {plan.key}", statement, plan.questions, tuple(values))

    def state(self, name: str) -> str:
        """The sentence, without a capital at its start."""
        return self.statement.format(e=name, **dict(self.values))

    def ask(self, draw: Draw, name: str) -> tuple[str, str]:
        """A question about a part of the sentence, and that part."""
        answer, question = draw.pick(self.questions)
        return question.format(e=name, **dict(self.values)), answer.format(**dict(self.values))


@lru_cache
def plans(file: str) -> tuple[_Plan, ...]:
    """All that one of FILES has."""
    made = []
    for block in (Path(__file__).parent / file).read_text(encoding="utf-8").strip().split("\n\n"):
        key, *lines = block.splitlines()
        statements, questions = [], []
        for line in lines:
            slot, colon, asked = line.partition(": ")
            if line.startswith("["):
                answer, _, asked = line[1:].partition("]: ")
            elif colon and slot.isidentifier():
                answer = f"{{{slot}}}"
            else:
                statements.append(line)
                continue
            questions += [(answer, question) for question in asked.split(" | ")]
        made.append(_Plan(key, tuple(statements), tuple(questions)))
    return tuple(made)


def wordings() -> list[str]:
    """Every sentence and question, the entity masked as {e}, the rest as {v}."""
    every = [plan for file in FILES for plan in plans(file)]
    texts = [text for plan in every for text in (*plan.statements, *(question for _, question in plan.questions))]
    return [text.format(e="{e}", **dict.fromkeys(_slots(text) - {"e"}, "{v}")) for text in texts]


def _slots(text: str) -> set[str]:
    return {part.split("}")[0] for part in text.split("{")[1:]}


def _kind(slot: str) -> str:
    return slot.rsplit("_", 1)[-1]  # other_person, third_person


def _value(draw: Draw, slot: str) -> str:
    kind = _kind(slot)
    if kind == "count":
        return f"{draw.pick((draw.between(13, 99), draw.between(100, 999), draw.between(1000, 99999))):,}"
    if kind == "number":
        return draw.pick((str(draw.between(2, 40)), draw.pick(_NUMBERS)))
    if kind in _UNITS:
        return f"{draw.between(2, 999)} {draw.pick(_UNITS[kind])}"
    if kind == "direction":
        return draw.pick(("north", "south", "east", "west", "north-east", "south-west"))
    if kind.startswith("thing"):
        noun = draw.pick(words()) if draw.chance(0.5) else draw.pick(w.NOUNS)
        return draw.pick(("", "", "the ", "old ")) + (f"{draw.pick(w.ADJECTIVES)} {noun}" if draw.chance(0.6) else noun)
    return draw.word() if kind == "name" else draw.value(kind)
