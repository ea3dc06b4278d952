"""Rows of ``instruction``, ``input`` and ``output``, with ``system`` and ``history``; or several ``instances``.

The answers in ``history`` are context; what is learnt is ``output``. Self-instruct's seeds have ``instances``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.adapters.examples import Example
from crossover.adapters.formats.rows import Row
from crossover.adapters.prompt import Message

_INPUTS = ("input", "context")


@dataclass(frozen=True, slots=True)
class Alpaca:
    """The format, for one name of its answer."""

    answer: str
    name: str = "alpaca"
    optional: frozenset[str] = frozenset({*_INPUTS, "system", "history"})

    @property
    def keys(self) -> frozenset[str]:
        """The names of instruction and answer."""
        return frozenset({"instruction", self.answer})

    @property
    def shape(self) -> str:
        """The keys in words."""
        return f"instruction and {self.answer}"

    @property
    def places(self) -> tuple[str, str]:
        """The fields of question and answer."""
        return "instruction", self.answer

    def matches(self, row: Row) -> bool:
        """Whether a row has an instruction and this answer."""
        return "instruction" in row.fields and self.answer in row.fields

    def parse(self, row: Row) -> list[Example]:
        """The one example of a row."""
        parts = [row.text("instruction"), *(row.optional_text(key) for key in _INPUTS)]
        question = "\n\n".join(part for part in parts if part)
        answer, system = row.text(self.answer), row.optional_text("system")
        return [Example(question, answer, system, _history(row), row.line)]


@dataclass(frozen=True, slots=True)
class Instances:
    """An instruction with several inputs and outputs below it."""

    name: str = "instances"
    shape: str = "instruction and instances"
    keys: frozenset[str] = frozenset({"instances"})
    optional: frozenset[str] = frozenset({"instruction"})
    places: tuple[str, str] = ("instruction", "instances")

    def matches(self, row: Row) -> bool:
        """Whether a row has both keys."""
        return "instruction" in row.fields and "instances" in row.fields

    def parse(self, row: Row) -> list[Example]:
        """One example for each instance."""
        instruction, instances = row.text("instruction"), row.fields.get("instances")
        if not isinstance(instances, list) or not instances:
            raise row.error("instances", instances, "a list of objects with input and output")
        return [self._example(row, instruction, f"instances[{n}]", each) for n, each in enumerate(instances)]

    def _example(self, row: Row, instruction: str, place: str, instance: Any) -> Example:
        if not isinstance(instance, dict):
            raise row.error(place, instance, "an object with input and output")
        given = instance.get("input")
        given = row.require_text(f"{place}.input", given) if given not in (None, "") else ""
        answer = row.require_text(f"{place}.output", instance.get("output"))
        return Example(f"{instruction}\n\n{given}" if given else instruction, answer, line=row.line)


def _history(row: Row) -> tuple[Message, ...]:
    history = row.fields.get("history")
    if history in (None, "", []):
        return ()
    if not isinstance(history, list):
        raise row.error("history", history, "a list of [question, answer]")
    turns: list[Message] = []
    for number, pair in enumerate(history):
        place = f"history[{number}]"
        if not isinstance(pair, list) or len(pair) != 2:
            raise row.error(place, pair, "a list of a question and its answer")
        turns.append(Message("user", row.require_text(f"{place}[0]", pair[0])))
        turns.append(Message("assistant", row.require_text(f"{place}[1]", pair[1])))
    return tuple(turns)


FORMATS: tuple[Instances | Alpaca, ...] = (
    Instances(),
    *(Alpaca(answer) for answer in ("output", "response", "output_text", "completion", "answer")),
)
