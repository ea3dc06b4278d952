"""What the model is asked to write, and what is read out of its reply."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crossover.adapters.prompt import Message

TOKENS_A_PAIR = 160
_WARNINGS = 5  # rejected pairs in a prompt, the newest
_LONGEST = 400  # letters of each that are shown
_FORM = 'Write a JSON array and nothing else: [{"question": "…", "answer": "…"}, …]'


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer, as the model wrote them."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A pair that a reviewer did not want, and why."""

    pair: Pair
    reason: str


def ask_about(title: str, text: str, wanted: int, rejected: Sequence[Rejected]) -> list[Message]:
    """The request for questions that a passage answers."""
    return _request(
        f"Passage: {title}\n\n{text}",
        f"Write {_number(wanted)} that people may ask and that this passage answers. Each question must be "
        "understood without the passage, so name what it is about. Each answer is short, is stated in the passage, "
        "and uses the passage's own words, in its language.",
        rejected,
    )


def ask_for_more(examples: Sequence[Pair], wanted: int, style: str, rejected: Sequence[Rejected]) -> list[Message]:
    """The request for examples like some others."""
    shown = json.dumps([_row(pair) for pair in examples], ensure_ascii=False, indent=0)
    return _request(
        f"Examples of a task:\n{shown}",
        f"Write {_number(wanted)} of the same task, about other subjects than these. Keep their style and the form of "
        f"their answers{f': {style}' if style else ''}.",
        rejected,
    )


def pairs_in(reply: str, most: int) -> list[Pair]:
    """The first pairs in a reply, whatever stands around them and however they are wrapped; none: []."""
    found = (_pair(row) for row in _objects(reply))
    return [pair for pair in found if pair][:most]


def _request(material: str, order: str, rejected: Sequence[Rejected]) -> list[Message]:
    parts = [material, order]
    if rejected:
        parts.append("A reviewer rejected these. Write nothing like them:")
        parts += [
            f"{json.dumps(_row(each.pair), ensure_ascii=False)[:_LONGEST]}\nRejected because: {each.reason[:_LONGEST]}"
            for each in rejected[-_WARNINGS:]
        ]
    return [Message("user", "\n\n".join([*parts, _FORM]))]


def _objects(text: str) -> Iterator[dict[str, object]]:
    """Every JSON object in a text, outer ones before those that they hold."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield value
            if not _pair(value):
                end = start + 1
        start = text.find("{", end)


def _pair(row: dict[str, object]) -> Pair | None:
    question, answer = row.get("question"), row.get("answer")
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        answer = str(answer)
    if not isinstance(question, str) or not isinstance(answer, str) or not _whole(question + answer):
        return None
    return Pair(" ".join(question.split()), answer.strip())


def _whole(text: str) -> bool:
    """Whether all characters are whole: JSON can smuggle in half of a surrogate pair, which no file takes."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _row(pair: Pair) -> dict[str, str]:
    return {"question": pair.question, "answer": pair.answer}


def _number(wanted: int) -> str:
    return "one question with its answer" if wanted == 1 else f"{wanted} questions with their answers"
