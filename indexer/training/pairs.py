"""Questions with what answers them, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.indexer.document import digest

_HELD_OUT = 4  # of so many groups, one is kept for the gate
_FIELDS = ("question", "passage", "document", "group")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and what answers it.

    Attributes:
        passage: the text that answers it; "" where only the document is known.
        document: the id of the document that answers it; "" where only the passage is known.
        group: questions of one group lie on one side of the split and count as one in the statistics.
        line: where it stood.
    """

    question: str
    passage: str
    document: str
    group: str
    line: int


def read_pairs(path: Path) -> list[Pair]:
    """The pairs in a JSONL file with `question`, and `passage` or `document` (or both), and perhaps `group`.

    Raises:
        ValueError: a row is wrong, as FILE:LINE:FIELD; or there is none.
    """
    pairs = [
        _pair(path, number, row)
        for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if row.strip()
    ]
    if not pairs:
        raise ValueError(f"{path}: found no rows, expected JSON objects with question and passage or document")
    return pairs


def _pair(path: Path, number: int, row: str) -> Pair:
    try:
        content = json.loads(row)
    except ValueError as error:
        raise ValueError(f"{path}:{number}: found {row[:40]!r}, expected a JSON object ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}:{number}: found {type(content).__name__}, expected a JSON object")
    found = {name: content.get(name) or "" for name in _FIELDS}
    for name, value in found.items():
        if not isinstance(value, str):
            raise ValueError(f"{path}:{number}:{name}: found {value!r}, expected text")
    if not found["question"].strip():
        raise ValueError(f"{path}:{number}:question: found nothing, expected the question")
    if not found["passage"].strip() and not found["document"]:
        raise ValueError(f"{path}:{number}:passage: found nothing, expected it, or document with the id of one")
    return Pair(found["question"], found["passage"], found["document"], found["group"], number)


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Pairs to learn from and pairs for the gate, whole groups, about three to one, always the same way.

    Raises:
        ValueError: there are too few groups for both.
    """
    groups = sorted({pair.group for pair in pairs}, key=digest)
    held_out = set(groups[::_HELD_OUT])
    learnt = [pair for pair in pairs if pair.group not in held_out]
    if not learnt:
        raise ValueError(
            f"{len(groups)} group of questions: expected two or more, to learn from some and judge by others"
        )
    return learnt, [pair for pair in pairs if pair.group in held_out]
