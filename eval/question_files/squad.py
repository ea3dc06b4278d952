"""SQuAD's JSON, v1.1 and v2.0, and the rows that Hugging Face's ``squad`` data sets have.

Questions about one paragraph are one group. The document that holds the answer is the article, by its title:
retrieval is scored when the articles are indexed under their titles. Questions that v2.0 marks as impossible get
no reference, so that saying "I don't know" is right.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossover.adapters.formats.rows import Row
from crossover.eval.question_files.json_place import object_lines
from crossover.eval.question_files.source import Imported, Source
from crossover.eval.questions import Question, QuestionError

NAME = "SQuAD"
_DEEPEST = 200  # characters within which a document says that it is SQuAD's


def matches(source: Source) -> bool:
    """Whether it is one object with ``data``, or a row has a context and SQuAD's answers."""
    if source.has("context") and source.has("answers"):
        return True
    start = source.text.lstrip()
    return start.startswith("{") and '"data"' in start[:_DEEPEST] and not source.has("question", "messages")


def parse(source: Source) -> Imported:
    """One question each of ``qas``; the slices are answerable and unanswerable where both occur.

    Raises:
        QuestionError, DataError: broken JSON, or a field that is missing or of the wrong kind.
    """
    if source.has("context"):
        found = [(row.line, *_of_row(row)) for row in source.rows()]
    else:
        found = list(_of_document(source))
    mixed = any(not question.references for _, question, _ in found)
    return Imported(
        [(line, _sliced(question) if mixed else question) for line, question, _ in found],
        ("index each article under its title as document id, else recall is 0",) if any(t for *_, t in found) else (),
    )


def _of_document(source: Source) -> Iterator[tuple[int, Question, str]]:
    reader = _Reader(source.path, source.text)
    for a, article in enumerate(reader.objects(reader.document, "data", "")):
        title = str(article.get("title") or "")
        for p, paragraph in enumerate(reader.objects(article, "paragraphs", f"data[{a}].")):
            group = f"{title or f'article-{a + 1}'}#{p + 1}"
            for fields in reader.objects(paragraph, "qas", f"data[{a}].paragraphs[{p}]."):
                row = reader.row(fields)
                yield row.line, _question(row, title, group), title


def _of_row(row: Row) -> tuple[Question, str]:
    title = str(row.fields.get("title") or "")
    answers = row.fields.get("answers")
    texts = answers.get("text") if isinstance(answers, dict) else None
    if not isinstance(texts, list):
        raise row.error("answers", answers, 'an object with a list of texts, {"text": […], "answer_start": […]}')
    listed = [{"text": text} for text in texts]
    as_qa = {**row.fields, "answers": listed, "is_impossible": row.fields.get("is_impossible", not listed)}
    digest = hashlib.sha256(row.text("context").encode()).hexdigest()[:12]
    return _question(Row(row.file, row.line, as_qa), title, f"{title or 'context'}#{digest}"), title


def _question(row: Row, title: str, group: str) -> Question:
    impossible = row.fields.get("is_impossible", False)
    references = () if impossible else _answers(row)
    identity = row.fields.get("id", f"q{row.line}")
    return Question(
        id=row.require_text("id", str(identity) if isinstance(identity, int) else identity),
        question=row.text("question"),
        references=references,
        slice="all",
        group=group,
        relevant_documents=(title,) if title and references else (),
    )


def _answers(row: Row) -> tuple[str, ...]:
    answers = row.fields.get("answers")
    if not isinstance(answers, list) or not answers:
        raise row.error("answers", answers, 'a list of {"text": …}, or "is_impossible": true')
    texts = [answer.get("text") if isinstance(answer, dict) else None for answer in answers]
    return tuple(dict.fromkeys(row.require_text(f"answers[{n}].text", text) for n, text in enumerate(texts)))


def _sliced(question: Question) -> Question:
    name = "answerable" if question.references else "unanswerable"
    return replace(question, slice=name)


class _Reader:
    """The parsed document, and where in the file a part of it stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        try:
            self.document = json.loads(text)
        except json.JSONDecodeError as error:
            place = f"{path}:{error.lineno}:row"
            raise QuestionError(f"{place}: error: found broken JSON ({error.msg}), expected SQuAD's object") from error
        self._lines = object_lines(text, self.document)

    def row(self, fields: dict[str, Any]) -> Row:
        """An object of the document with its line."""
        return Row(self._path, self._lines.get(id(fields), 1), fields)

    def objects(self, parent: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
        """The objects in the list under `key`; `place` is the parent's, for errors."""
        listed = parent.get(key)
        if not isinstance(listed, list):
            raise self.row(parent).error(f"{place}{key}", listed, "a list of objects")
        for number, value in enumerate(listed):
            if not isinstance(value, dict):
                raise self.row(parent).error(f"{place}{key}[{number}]", value, "an object")
        return listed
