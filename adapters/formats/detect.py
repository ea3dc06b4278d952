"""Which format a file is in, judged by all of its rows, and the data set that comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from crossover.adapters.examples import ORIGIN, DataError, DataSet, DataWarning, Example, Origin
from crossover.adapters.formats import (
    alpaca,
    classification,
    conversational,
    messages,
    preference,
    prompt_completion,
    sharegpt,
    text,
    vertex,
)
from crossover.adapters.formats.files import iterate, stem
from crossover.adapters.formats.limits import check_limits, warn_unused
from crossover.adapters.formats.rows import BadRow, Row


class Format(Protocol):
    """One way to write examples; a new one is a file with FORMATS and a place in the table below."""

    @property
    def name(self) -> str:
        """What users know it by."""

    @property
    def shape(self) -> str:
        """The keys it is known by, in words."""

    @property
    def keys(self) -> frozenset[str]:
        """The fields that it needs; a row with some of them is a row of this format with a fault."""

    @property
    def optional(self) -> frozenset[str]:
        """The fields that it reads where they are there."""

    @property
    def places(self) -> tuple[str, str]:
        """The fields that question and answer come from, for what is told about them."""

    def matches(self, row: Row) -> bool:
        """Whether a row has what this format is known by."""

    def parse(self, row: Row) -> list[Example]:
        """The examples of a row, or a DataError that names the field at fault."""


_JUDGED = preference.Judged()
_LAST_RESORT: tuple[Format, ...] = text.FORMATS  # many formats have a text beside other fields
FORMATS: tuple[Format, ...] = (
    *messages.FORMATS, *conversational.FORMATS, *sharegpt.FORMATS, *vertex.FORMATS, *preference.FORMATS,
    *alpaca.FORMATS, *classification.FORMATS, *prompt_completion.FORMATS, *_LAST_RESORT,
)  # fmt: skip
_EXPECTED = (
    "the keys messages, or prompt and completion, question and answer, instruction and output, conversations, "
    "contents, or text and label; others by --map question=FIELD,answer=FIELD or --template FILE.jinja"
)


@dataclass(slots=True)
class Reading:
    """What came out of a file: examples, and everything that is wrong with it."""

    path: Path
    format: str = ""
    """The format of most rows."""
    places: tuple[str, str] = ("question", "answer")
    """The fields that most questions and answers come from."""
    rows: int = 0
    examples: list[Example] = field(default_factory=list)
    errors: list[DataError] = field(default_factory=list)
    """In the order of lines, one for a bad row."""
    warnings: list[DataWarning] = field(default_factory=list)
    proof: str = ""
    """The rows that show the format, and by which keys."""
    rejected: list[BadRow] = field(default_factory=list)
    """The bad rows themselves."""
    broken: bool = False
    """Whether the file could not be read to its end, so that its last error is no bad row but a lost rest."""

    def fails(self, *, skip_bad: bool = False) -> bool:
        """Whether a fault keeps the file from use: any; with `skip_bad` none of single rows, if a good one is left."""
        return bool(self.errors) and (not skip_bad or self.broken or not self.examples)

    def dataset(self, *, skip_bad: bool = False) -> DataSet:
        """The examples as a data set.

        Raises:
            DataError: the first fault; with `skip_bad` only what is no fault of single rows.
        """
        if self.fails(skip_bad=skip_bad):
            raise self.errors[-1] if skip_bad and self.broken else self.errors[0]
        return DataSet(stem(self.path), tuple(self.examples), self.format)

    def reject(self, error: DataError, content: object) -> None:
        """Note a bad row."""
        self.errors.append(error)
        self.rejected.append(BadRow(error, content))


def check(path: Path, form: Format | None = None, *, mixed: bool = False, group: str = "") -> Reading:
    """Everything in a file, good and bad; never raises, so that all faults are seen at once.

    Args:
        path: the file.
        form: what the rows are, where the user says it; else each file shows it by most of its rows.
        mixed: allow rows of several formats, as `Example.to_json` writes them.
        group: the field that says which rows belong together; a row without it is a bad one.
    """
    reading = Reading(path)
    items: list[Row | BadRow] = []
    broken: DataError | None = None
    try:
        for item in iterate(path):
            if isinstance(item, DataWarning):
                reading.warnings.append(item)
            else:
                items.append(item)
    except DataError as error:
        broken = error
    reading.rows = len(items) + bool(broken and broken.line)
    kinds = _Kinds([item for item in items if isinstance(item, Row)], form, mixed=mixed)
    reading.format, reading.proof, reading.places = kinds.name, kinds.proof, kinds.places
    for item in items:
        if isinstance(item, BadRow):
            reading.reject(item.error, item.content)
            continue
        try:
            examples = [replace(each, origin=_origin(item)) for each in kinds.parse(item)]
            reading.examples += [replace(each, group=_group(item, group)) for each in examples] if group else examples
        except DataError as error:
            reading.reject(error, item.fields)
        reading.warnings += item.warnings
    if broken:
        reading.errors.append(broken)
        reading.broken = True
    return reading


def read(path: Path, form: Format | None = None, *, mixed: bool = False) -> DataSet:
    """The data set in a file; arguments as in `check`.

    Raises:
        DataError: the first fault, as FILE:LINE:FIELD.
    """
    return check(Path(path), form, mixed=mixed).dataset()


class _Kinds:
    """The formats of a file's rows, and the one that most of them have."""

    def __init__(self, rows: Sequence[Row], form: Format | None, *, mixed: bool) -> None:
        self._mixed = mixed
        self._forced = form
        self._main = form
        shown: dict[str, list[int]] = {}
        if form is None:
            seen = [(row.line, kind) for row in rows if (kind := _known_as(row))]
            for line, kind in seen:
                shown.setdefault(kind.name, []).append(line)
            if seen:
                name = max(shown, key=lambda each: len(shown[each]))
                variants = Counter(kind.shape for _, kind in seen if kind.name == name)
                self._main = next(kind for _, kind in seen if kind.shape == variants.most_common(1)[0][0])
        self._first = {name: lines[0] for name, lines in shown.items()}
        self.name = self._main.name if self._main else ""
        self.places = self._main.places if self._main else ("question", "answer")
        self.proof = _proof(self._main, shown) if self._main and not form else ""
        self._unused_told = False

    def parse(self, row: Row) -> list[Example]:
        """The examples of a row."""
        kind = self._forced or self._choose(row)
        if not self._forced:
            check_limits(row)
        examples = kind.parse(row)
        if self.name and kind.name != self.name and not self._mixed:
            main, line = self.name, self._first[self.name]
            found = f"a row of {kind.name} ({kind.shape})"
            raise row.refuse("row", found, f"{main} as in line {line}: one format a file", "mixture")
        if self._main and kind.shape != self._main.shape:
            expected = f"{self._main.shape} as in most rows: it is read all the same"
            row.warn("row", f"a row of {kind.shape}", expected, "mixed-keys")
        if not self._unused_told:
            self._unused_told = True
            warn_unused(row, kind.keys | kind.optional)
        return examples

    def _choose(self, row: Row) -> Format:
        for kind in self._candidates(row):
            return kind
        found = f"an object with {', '.join(list(row.fields)[:6]) or 'no keys'}"
        raise row.refuse("row", found, _EXPECTED, "unknown-format")

    def _candidates(self, row: Row) -> Iterator[Format]:
        main = self._main
        if _JUDGED.matches(row):  # whatever most rows are: a bad answer must not be learnt
            yield _JUDGED
        if main and main.matches(row):
            yield main
        yield from (kind for kind in FORMATS if kind.matches(row) and kind not in _LAST_RESORT)
        if main and main.keys & row.fields.keys():
            yield main
        yield from (kind for kind in _LAST_RESORT if kind.matches(row))
        yield from (kind for kind in (*prompt_completion.FORMATS, *FORMATS) if kind.keys & row.fields.keys())


def _known_as(row: Row) -> Format | None:
    return next((kind for kind in FORMATS if kind.matches(row)), None)


def _group(row: Row, field: str) -> str:
    value = row.fields.get(field)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise row.error(field, value, "a text or number that says what the row belongs to")
    return str(value)


def _origin(row: Row) -> Origin | None:
    match row.fields.get(ORIGIN):
        case {"document": str(document), "chunk": str(chunk)}:
            return Origin(document, chunk)
    return None


def _proof(main: Format, shown: dict[str, list[int]]) -> str:
    lines = shown[main.name]
    some = ", ".join(map(str, lines[:3])) + (", …" if len(lines) > 3 else "")
    return f"{main.shape} in {len(lines)} rows: line {some}"
