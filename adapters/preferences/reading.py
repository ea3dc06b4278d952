"""Preference pairs out of a file: plain texts, TRL's conversations, OpenAI's preferred and non-preferred output."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from crossover.adapters.examples import DataError, DataWarning, Example
from crossover.adapters.formats.conversational import Conversational
from crossover.adapters.formats.files import iterate, stem
from crossover.adapters.formats.preference import PAIRS
from crossover.adapters.formats.rows import BadRow, Row
from crossover.adapters.preferences.pair import SCORES, PairSet, PreferencePair

_PROMPTS = ("prompt", "question", "input")


@dataclass(slots=True)
class PairReading:
    """What came out of a file of pairs, good and bad."""

    path: Path
    pairs: list[PreferencePair] = field(default_factory=list)
    rejected: list[BadRow] = field(default_factory=list)
    warnings: list[DataWarning] = field(default_factory=list)

    @property
    def pair_set(self) -> PairSet:
        """The good rows."""
        return PairSet(stem(self.path), tuple(self.pairs))


def read_pairs(path: Path) -> PairReading:
    """Everything in a file of preference pairs, so that all faults are seen at once.

    Raises:
        DataError: the file cannot be read to its end.
    """
    reading = PairReading(path)
    for item in iterate(path):
        if isinstance(item, DataWarning):
            reading.warnings.append(item)
        elif isinstance(item, BadRow):
            reading.rejected.append(item)
        else:
            try:
                reading.pairs.append(_pair(item))
            except DataError as error:
                reading.rejected.append(BadRow(error, item.fields))
            reading.warnings += item.warnings
    return reading


def _pair(row: Row) -> PreferencePair:
    names = next((names for names in PAIRS if not row.fields.keys().isdisjoint(names)), PAIRS[0])
    prompt = next((key for key in _PROMPTS if key in row.fields), _PROMPTS[0])
    better, worse = (_answered(row, prompt, name) for name in names)
    if replace(better, answer="") != replace(worse, answer=""):
        raise row.refuse(names[1], "an answer to another question", f"the question of {names[0]}", "other-question")
    if better.answer == worse.answer:
        raise row.refuse(names[1], f"the text of {names[0]} again", "a worse answer than that", "same-answer")
    return PreferencePair(
        better.question, better.answer, worse.answer, better.system, better.history, row.line, _scores(row)
    )


def _answered(row: Row, prompt: str, name: str) -> Example:
    """The prompt with one of its answers; both may be texts or lists of messages, the prompt part of the answer."""
    asked, answer = row.fields.get(prompt), row.fields.get(name)
    system = row.optional_text("system")
    if isinstance(asked, dict):  # OpenAI's
        asked = asked.get("messages")
    if not isinstance(answer, list):
        answer = [{"role": "assistant", "content": row.text(name)}]
    if asked is None and len(answer) > 1:
        *asked, last = answer
        answer = [last]
    elif not isinstance(asked, list):
        asked = [{"role": "user", "content": row.text(prompt)}]
    try:
        example = Conversational().parse(Row(row.file, row.line, {"prompt": asked, "completion": answer}))[-1]
    except DataError as error:
        place = re.sub("^completion", name, re.sub("^prompt", prompt, error.field))
        raise row.refuse(place, error.found, error.expected, error.code) from error
    return replace(example, system="\n\n".join(filter(None, (system, example.system))))


def _scores(row: Row) -> tuple[float, float] | None:
    scores = [row.fields.get(name) for name in SCORES]
    first, second = (float(score) if isinstance(score, int | float) else None for score in scores)
    return None if first is None or second is None else (first, second)
