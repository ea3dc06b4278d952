"""OUT.review.csv or .jsonl: the candidates of a round as rows that a person edits in a spreadsheet or an editor."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from crossover.adapters.durable import replace_text
from crossover.adapters.examples import DataError, DataWarning
from crossover.adapters.formats.files import iterate
from crossover.adapters.formats.rows import BadRow, Row
from crossover.server.generation.rounds import Candidate

_FIELDS = ("id", "decision", "reason", "question", "answer", "document", "passage")
_DECISIONS = ("accept", "fix", "reject")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # a spreadsheet computes what begins so


class BadReview(ValueError):
    """A review file that cannot be followed, and every fault in it."""

    def __init__(self, errors: Sequence[DataError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


def write(path: Path, candidates: Sequence[Candidate]) -> None:
    """Puts candidates without decisions into a file, CSV or JSON Lines by its name."""
    rows = [{field: getattr(each, field) for field in _FIELDS} for each in candidates]
    if path.suffix == ".jsonl":
        replace_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return
    text = io.StringIO()
    lines = csv.DictWriter(text, _FIELDS, lineterminator="\n")
    lines.writeheader()
    lines.writerows({field: _shielded(str(value)) for field, value in row.items()} for row in rows)
    replace_text(path, "\ufeff" + text.getvalue())  # without the mark Excel takes UTF-8 for something else


def read(
    path: Path, candidates: Sequence[Candidate], leak: Callable[[str], str], *, accept_rest: bool
) -> list[Candidate]:
    """The candidates with what a person decided on each.

    Args:
        candidates: as they were written.
        leak: why a question that a person wrote must not be trained on; "" for a good one.
        accept_rest: a row without decision is accepted.

    Raises:
        BadReview: a row that does not say what to do, or a row too many or too few; FILE:LINE:FIELD of each.
    """
    reading = _Reading(path, candidates, leak, accept_rest=accept_rest)
    decided = {each.id: each for item in _items(path) for each in reading.row(item)}
    for each in candidates:
        if each.id not in decided and not reading.errors:
            found = f"no row of the id {each.id}"
            reading.errors.append(DataError(path, 0, "id", found=found, expected="every row: to leave one out, reject"))
    if reading.errors:
        raise BadReview(reading.errors)
    return [decided[each.id] for each in candidates]


class _Reading:
    def __init__(
        self, path: Path, candidates: Sequence[Candidate], leak: Callable[[str], str], *, accept_rest: bool
    ) -> None:
        self._path, self._leak, self._accept_rest = path, leak, accept_rest
        self._waiting = {str(each.id): each for each in candidates}
        self._ids = set(self._waiting)
        self.errors: list[DataError] = []

    def row(self, item: Row | BadRow) -> Iterator[Candidate]:
        """The candidate of a row as it was decided; none where the row is wrong."""
        if isinstance(item, BadRow):
            self.errors.append(item.error)
            return
        try:
            yield self._decided(item, self._candidate(item))
        except DataError as error:
            self.errors.append(error)

    def _candidate(self, row: Row) -> Candidate:
        shown = str(row.fields.get("id", "")).strip()
        if shown not in self._ids:
            raise row.error("id", row.fields.get("id"), f"an id of this round, 1 to {len(self._ids)}")
        if shown not in self._waiting:
            raise row.error("id", row.fields.get("id"), "each id once", "duplicate-key")
        return self._waiting.pop(shown)

    def _decided(self, row: Row, candidate: Candidate) -> Candidate:
        question, answer = (self._edited(row, field, getattr(candidate, field)) for field in ("question", "answer"))
        changed = "question" if question != candidate.question else "answer" if answer != candidate.answer else ""
        decision, reason = row.optional_text("decision").lower(), row.optional_text("reason")
        if not decision and self._accept_rest:
            decision = "fix" if changed else "accept"
        if decision == "fix":
            if not changed:
                raise row.refuse(
                    "decision", "fix, and question and answer as they were", "what is fixed", "wrong-value"
                )
            if why := self._leak(question):
                raise row.refuse("question", why, "one of its own: it would be trained on", "leakage")
            return candidate.model_copy(update={
                "question": question, "answer": answer, "decision": "fix", "reason": reason,
                "before": (candidate.question, candidate.answer),
            })  # fmt: skip
        if decision == "accept" and changed:
            raise row.error(changed, row.fields[changed], f'"{getattr(candidate, changed)}" as it was, or decision fix')
        if decision == "reject" and not reason:
            raise row.error("reason", row.fields.get("reason"), "why it is rejected: the next round is told")
        if decision not in _DECISIONS:
            raise row.error("decision", row.fields.get("decision"), ", ".join(_DECISIONS))
        return candidate.model_copy(update={"decision": decision, "reason": reason})

    def _edited(self, row: Row, field: str, before: str) -> str:
        """The text of a field; that of before where only white space or the shield differs."""
        text = _bare(row.text(field)) if self._path.suffix == ".csv" else row.text(field)
        return before if text.split() == before.split() else text


def _items(path: Path) -> Iterator[Row | BadRow]:
    try:
        for item in iterate(path):
            if not isinstance(item, DataWarning):
                yield item
    except DataError as error:
        raise BadReview([error]) from error


def _shielded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
