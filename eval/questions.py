"""Question sets: what is asked, what counts as right, and which questions belong together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossover.adapters.durable import replace_text

#: The report's name for all questions together; no slice may have it.
OVERALL = "overall"
#: The automatic slice of questions that an adapter was trained on; it stays out of ``overall``.
SEEN = "seen"
#: The slice of a question that names none.
UNSLICED = "all"


class QuestionError(ValueError):
    """A row of a question file is wrong: ``FILE:LINE:FIELD: error: found …, expected …``."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a set.

    Args:
        id: unique in its set.
        references: every answer that counts as right; none means that the right answer is "not known".
        slice: the kind of question, the unit of the report's columns.
        group: the fact or document it is about. Questions of one group are not independent, so that
            statistics draw whole groups.
        relevant_documents: ids of the documents that hold the answer, for recall@k; empty when none does.
    """

    id: str
    question: str
    references: tuple[str, ...]
    slice: str
    group: str
    relevant_documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions in the order of their file."""

    name: str
    questions: tuple[Question, ...]

    def __len__(self) -> int:
        return len(self.questions)

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)

    @property
    def slices(self) -> tuple[str, ...]:
        """The slices in order of first appearance."""
        return tuple(dict.fromkeys(question.slice for question in self.questions))

    @property
    def digest(self) -> str:
        """A short hash of everything asked and expected: equal for sets whose runs may be compared."""
        rows = [asdict(question) for question in self.questions]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:12]

    def write(self, path: Path) -> None:
        """Write the set as JSONL, so that its runs can be scored again without the first file.

        Raises:
            QuestionError: another file of that name is there, perhaps the one that the questions come from.
        """
        text = "".join(json.dumps(asdict(question), ensure_ascii=False) + "\n" for question in self.questions)
        if path.exists() and read_text(path) != text:
            raise QuestionError(f"{path}: error: found another file, expected none; give another folder (-o)")
        replace_text(path, text)


def load(path: Path) -> QuestionSet:
    """The question set of a JSONL file; `id`, `slice`, `group` and `relevant_documents` may be left out.

    Raises:
        QuestionError: the file is missing, unreadable or empty, or a row is wrong; nothing is skipped.
    """
    lines = enumerate(read_text(path).split("\n"), start=1)
    return collect(path, ((number, _parse(line, f"{path}:{number}", number)) for number, line in lines if line.strip()))


def read_text(path: Path) -> str:
    """The whole text of a question file, without a byte order mark.

    Raises:
        QuestionError: the file is missing or no UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise QuestionError(f"{path}: no such question file; give a JSONL file with question and references") from None
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"{path}: cannot be read as UTF-8 text: {error}") from error


def collect(path: Path, numbered: Iterable[tuple[int, Question]]) -> QuestionSet:
    """The set of a file's questions, each with the line that it stands on.

    Raises:
        QuestionError: there are none, an id comes twice, or a slice has the name of all questions together.
    """
    questions: dict[str, Question] = {}
    for number, question in numbered:
        if question.id in questions:
            raise QuestionError(f"{path}:{number}:id: error: found {question.id!r} again, expected every id once")
        if question.slice == OVERALL:
            found = f"{path}:{number}:slice: error: found {OVERALL!r}"
            raise QuestionError(f"{found}, expected another name: it means all questions")
        questions[question.id] = question
    if not questions:
        raise QuestionError(f"{path}: no questions in it; expected one JSON object a line")
    return QuestionSet(path.stem, tuple(questions.values()))


def _parse(line: str, place: str, number: int) -> Question:
    return from_fields(object_of(line, place), place, number)


def object_of(line: str, place: str) -> dict[str, Any]:
    """The JSON object of a line.

    Raises:
        QuestionError: it holds something else.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise QuestionError(f"{place}: error: found no JSON ({error}), expected one object a line") from error
    if not isinstance(row, dict):
        raise QuestionError(f"{place}: error: found {type(row).__name__}, expected an object")
    return row


def from_fields(row: Mapping[str, Any], place: str, number: int) -> Question:
    """The question of one row in our own fields.

    Args:
        place: ``FILE:LINE``, for errors.
        number: the line, which becomes the id of a row that has none.

    Raises:
        QuestionError: a field is missing or of the wrong kind.
    """
    identity = text_of(row, "id", place, default=f"q{number}")
    return Question(
        id=identity,
        question=text_of(row, "question", place),
        references=texts_of(row, "references", place),
        slice=text_of(row, "slice", place, default=UNSLICED),
        group=text_of(row, "group", place, default=identity),
        relevant_documents=texts_of(row, "relevant_documents", place, default=()),
    )


def text_of(row: Mapping[str, Any], field: str, place: str, default: str | None = None) -> str:
    """A field's text without the space around it.

    Raises:
        QuestionError: it is missing without a default, empty or no text.
    """
    value = row.get(field, default)
    if not isinstance(value, str) or not value.strip():
        raise QuestionError(f"{place}:{field}: error: found {_found(row, field)}, expected a text that is not empty")
    return value.strip()


def texts_of(row: Mapping[str, Any], field: str, place: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """A field's texts, likewise.

    Raises:
        QuestionError: it is missing without a default, no list, or one of its items is empty or no text.
    """
    value = row.get(field, default)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item.strip() for item in value):
        raise QuestionError(f"{place}:{field}: error: found {_found(row, field)}, expected a list of texts")
    return tuple(item.strip() for item in value)


def _found(row: Mapping[str, Any], field: str) -> str:
    if field not in row:
        return f"nothing (the row has {', '.join(map(str, row)) or 'no fields'})"
    return json.dumps(row[field], ensure_ascii=False)[:80]
