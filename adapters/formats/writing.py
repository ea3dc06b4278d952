"""Examples in the format that somebody else reads; what it cannot carry is an error, never lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from crossover.adapters.examples import DataError, Example
from crossover.adapters.formats.rows import BadRow
from crossover.adapters.prompt import Message

Line = dict[str, object]
Conversation = Sequence[Example]
"""The examples of one row, each going on where the one before ended."""


class Template(Protocol):
    """A model's chat template, as far as text is made of it."""

    @property
    def special_tokens(self) -> frozenset[str]:
        """What only the template may write."""

    def text(self, messages: Sequence[Message]) -> str:
        """A finished conversation."""


class NotCarried(ValueError):
    """A format that has no place for something an example holds."""

    def __init__(self, field: str, found: str, expected: str) -> None:
        super().__init__(f"{field}: found {found}, expected {expected}")
        self.field, self.found, self.expected = field, found, expected


def to_messages(conversation: Conversation) -> list[Line]:
    """One row of messages; answers that are context alone get the weight 0."""
    last = conversation[-1]
    learnt = {len(example.history) + 1 for example in conversation}
    turns: list[Line] = [{"role": "system", "content": last.system}] if last.system else []
    for number, turn in enumerate(_turns(last)):
        turns.append({"role": turn.role, "content": turn.content})
        if turn.role == "assistant" and number not in learnt:
            turns[-1]["weight"] = 0
    return [{"messages": turns}]


def to_prompt_completion(conversation: Conversation) -> list[Line]:
    """One row of prompt and completion."""
    (*_, last) = conversation
    if last.history:
        turns = len(last.history) + 2
        expected = "one question and its answer: prompt and completion carry no conversation; --to messages does"
        raise NotCarried("history", f"a conversation of {turns} turns", expected)
    line: Line = {"prompt": last.question, "completion": last.answer}
    return [line | {"system": last.system} if last.system else line]


def to_alpaca(conversation: Conversation) -> list[Line]:
    """One row of instruction and output for each answer, the turns before it as history."""
    lines: list[Line] = []
    for example in conversation:
        line: Line = {"instruction": example.question, "input": "", "output": example.answer}
        if example.system:
            line["system"] = example.system
        if example.history:
            texts = [turn.content for turn in example.history]
            line["history"] = [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]
        lines.append(line)
    return lines


def to_vertex(conversation: Conversation) -> list[Line]:
    """One row of Gemini's contents."""
    last = conversation[-1]
    if len(last.history) // 2 + 1 != len(conversation):
        expected = "answers that are all learnt: contents carry no weights; --to messages does"
        raise NotCarried("weight", "an answer of weight 0", expected)
    names = {"user": "user", "assistant": "model"}
    line: Line = {"contents": [{"role": names[turn.role], "parts": [{"text": turn.content}]} for turn in _turns(last)]}
    if last.system:
        line["systemInstruction"] = {"parts": [{"text": last.system}]}
    return [line]


def to_text(template: Template) -> Callable[[Conversation], list[Line]]:
    """One row of text, the conversation as a chat template writes it; for trainers that learn all of a text."""

    def lines(conversation: Conversation) -> list[Line]:
        last = conversation[-1]
        if len(last.history) // 2 + 1 != len(conversation):
            expected = "answers that are all learnt: text carries no weights; --to messages does"
            raise NotCarried("weight", "an answer of weight 0", expected)
        turns = ([Message("system", last.system)] if last.system else []) + _turns(last)
        for turn in turns:
            if token := next((token for token in template.special_tokens if token in turn.content), None):
                expected = "no special tokens: in a text they are the template's; --to messages tells them apart"
                raise NotCarried(turn.role, f"{token} as text", expected)
        return [{"text": template.text(turns)}]

    return lines


TARGETS: dict[str, Callable[[Conversation], list[Line]]] = {
    "messages": to_messages,
    "prompt-completion": to_prompt_completion,
    "alpaca": to_alpaca,
    "vertex": to_vertex,
}


def to_lines(
    file: Path, examples: Sequence[Example], to: Callable[[Conversation], list[Line]]
) -> tuple[list[str], list[BadRow]]:
    """The examples of a file as JSON lines of a target format, and those that it cannot carry."""
    lines: list[str] = []
    refused: list[BadRow] = []
    for conversation in conversations(examples):
        try:
            lines += (json.dumps(line, ensure_ascii=False) for line in to(conversation))
        except NotCarried as why:
            line = conversation[0].line
            error = DataError(file, line, why.field, found=why.found, expected=why.expected, code="not-carried")
            refused.append(BadRow(error, to_messages(conversation)[0]))
    return lines, refused


def conversations(examples: Sequence[Example]) -> Iterator[Conversation]:
    """The examples again, those of one row together where each goes on where the one before ended."""
    group: list[Example] = []
    for example in examples:
        if group and not _goes_on(group[-1], example):
            yield group
            group = []
        group.append(example)
    if group:
        yield group


def _goes_on(before: Example, after: Example) -> bool:
    turns = _turns(before)
    same_row = before.line == after.line > 0 and before.system == after.system
    return same_row and list(after.history[: len(turns)]) == turns


def _turns(example: Example) -> list[Message]:
    return [*example.history, Message("user", example.question), Message("assistant", example.answer)]
