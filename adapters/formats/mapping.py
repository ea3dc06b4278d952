"""``--map question=FIELD,answer=FIELD``: any row whose question and answer stand somewhere in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from crossover.adapters.examples import Example
from crossover.adapters.formats import preference
from crossover.adapters.formats.rows import Row

_USAGE = "expected question=FIELD,answer=FIELD and perhaps system=FIELD; FIELD may be a.b, a[0].b or two joined by +"
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_WORSE = {"rejected", "non_preferred_output", "response_rejected"}


@dataclass(frozen=True, slots=True)
class Mapping:
    """Where question, answer and system stand."""

    question: str
    answer: str
    system: str = ""
    name: str = "mapped"
    optional: frozenset[str] = frozenset()

    @property
    def keys(self) -> frozenset[str]:
        """The fields at the top of a row that are read."""
        paths = "+".join(filter(None, (self.question, self.answer, self.system)))
        return frozenset(paths.split("+")) | {re.split(r"[.\[]", path)[0] for path in paths.split("+")}

    @property
    def shape(self) -> str:
        """The fields in words."""
        return f"{self.question} and {self.answer}"

    @property
    def places(self) -> tuple[str, str]:
        """The fields of question and answer."""
        return self.question, self.answer

    def matches(self, row: Row) -> bool:
        """Always: whoever maps fields has said what the rows are."""
        return True

    def parse(self, row: Row) -> list[Example]:
        """The one example of a row; numbers and truth values become text.

        Raises:
            DataError: a field is missing, empty or no text, or the answer was judged bad.
        """
        if self.answer in _WORSE or (preference.Judged().matches(row)):
            return preference.FORMATS[self.answer not in _WORSE].parse(row)
        system = _read(row, self.system) if self.system else ""
        return [Example(_read(row, self.question), _read(row, self.answer), system, line=row.line)]


def parse_mapping(text: str) -> Mapping:
    """What ``--map`` says.

    Raises:
        ValueError: a part is no NAME=FIELD, or question or answer are not named.
    """
    fields: dict[str, str] = {}
    for part in text.split(","):
        name, equals, field = (piece.strip() for piece in part.partition("="))
        if name not in ("question", "answer", "system") or not equals or not field or name in fields:
            raise ValueError(f"--map {text}: {_USAGE}")
        fields[name] = field
    if not {"question", "answer"} <= fields.keys():
        raise ValueError(f"--map {text}: {_USAGE}")
    return Mapping(fields["question"], fields["answer"], fields.get("system", ""))


def _read(row: Row, field: str) -> str:
    if field in row.fields or "+" not in field:
        return _text(row, field)
    return "\n\n".join(_text(row, part.strip()) for part in field.split("+"))


def _text(row: Row, field: str) -> str:
    value = row.fields[field] if field in row.fields else _walk(row.fields, field)
    return row.require_text(field, json.dumps(value) if isinstance(value, int | float) else value)


def _walk(value: Any, path: str) -> Any:
    for key, index in _STEP.findall(path):
        if isinstance(value, dict) and key:
            value = value.get(key)
        elif isinstance(value, list) and (index or key.isdigit()) and int(index or key) < len(value):
            value = value[int(index or key)]
        else:
            return None
    return value
