"""Conversations in any notation: turns of user and assistant in order, each answer an example of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.adapters.examples import Example
from crossover.adapters.formats.rows import Row
from crossover.adapters.prompt import Message

_WEIGHTS = ("weight", "loss_weight", "loss", "train")
_CALLS = ("function_call", "tool_calls", "functionCall")
_TOOL_ROLES = {"tool", "function", "observation", "function_call", "ipython"}
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


@dataclass(frozen=True, slots=True)
class Notation:
    """How a format writes its turns."""

    turns: str
    """The key of the list of turns."""
    role: str
    """The key of a turn's speaker."""
    roles: Mapping[str, str]
    """From the format's names to user, assistant and system; the first name of each stands in messages."""
    text: Callable[[Row, str, dict[str, Any]], str]
    """The text of a turn, from its row, its place and its fields."""
    kind: str
    """What a turn is, for the error of one that is not."""


def parse_turns(row: Row, notation: Notation, system: str = "") -> list[Example]:
    """One example for each assistant turn that is to be learnt, with the turns before it as history.

    Raises:
        DataError: a turn out of order, an unknown role, a content that is no text, or nothing to learn.
    """
    turns = row.fields.get(notation.turns)
    if not isinstance(turns, list) or not turns:
        raise row.error(notation.turns, turns, f"a list of {notation.turns}")
    history, examples = list[Message](), list[Example]()
    for number, turn in enumerate(turns):
        place = f"{notation.turns}[{number}]"
        if not isinstance(turn, dict):
            raise row.error(place, turn, notation.kind)
        name = turn.get(notation.role)
        role = notation.roles.get(name) if isinstance(name, str) else None
        if role == "system" and number == 0:
            system = _joined(system, notation.text(row, place, turn))
            continue
        expected = "assistant" if history and history[-1].role == "user" else "user"
        _refuse_calls(row, place, turn)
        if role != expected:
            raise row.error(f"{place}.{notation.role}", name, _wanted(notation, name, expected))
        content = notation.text(row, place, turn)
        if expected == "assistant" and _is_learnt(row, place, turn):
            examples.append(Example(history[-1].content, content, system, tuple(history[:-1]), row.line))
        history.append(Message("assistant" if expected == "assistant" else "user", content))
    _check_end(row, notation, turns, history, examples)
    return examples


def _check_end(
    row: Row, notation: Notation, turns: Sequence[object], history: Sequence[Message], examples: Sequence[Example]
) -> None:
    if not examples:
        raise row.error(notation.turns, turns, "an assistant's answer behind a user's question")
    if history[-1].role == "user":
        place = f"{notation.turns}[{len(turns) - 1}]"
        row.warn(place, "a question without an answer", "an assistant's turn behind it: it is left out", "unanswered")


def _wanted(notation: Notation, name: object, role: str) -> str:
    expected = next(f'"{name}"' for name, meaning in notation.roles.items() if meaning == role)
    from_tool = isinstance(name, str) and name in _TOOL_ROLES
    return f"{expected}: what tools say can't be trained" if from_tool else expected


def _refuse_calls(row: Row, place: str, turn: Mapping[str, Any]) -> None:
    for key in _CALLS:
        if turn.get(key):
            raise row.error(f"{place}.{key}", turn[key], "an answer in words: calls of tools can't be trained", "tools")


def _is_learnt(row: Row, place: str, turn: Mapping[str, Any]) -> bool:
    for key in _THOUGHTS:
        if turn.get(key):
            row.warn(f"{place}.{key}", "thoughts", "the answer alone: they are not trained", "thoughts")
    for key in _WEIGHTS:
        weight = turn.get(key)
        if weight is None:
            continue
        if not isinstance(weight, int | float):
            raise row.error(f"{place}.{key}", weight, "a number or truth value")
        if weight not in (0, 1):
            row.warn(f"{place}.{key}", f"the weight {weight}", "0 or 1: it counts as 1", "weight")
        if not weight:
            return False
    return True


def _joined(first: str, second: str) -> str:
    return f"{first}\n\n{second}" if first else second
