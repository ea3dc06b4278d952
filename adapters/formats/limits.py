"""What an example cannot carry: fields beside question and answer that training would ignore."""

from __future__ import annotations

from crossover.adapters.examples import ORIGIN, DataError
from crossover.adapters.formats.rows import Row, describe

_MEDIA = {"image", "images", "audio", "audios", "video", "videos"}
_IGNORED = {
    "tools": "no tools: they are not shown in training",
    "functions": "no functions: they are not shown in training",
    "weight": "examples of equal weight: it is not used",
    "sample_weight": "examples of equal weight: it is not used",
    "loss_weight": "examples of equal weight: it is not used",
}
_EMPTY: tuple[object, ...] = (None, "", "[]", "{}", [], {})


def check_limits(row: Row) -> None:
    """Warn of fields that training ignores.

    Raises:
        DataError: images, sound or film, without which the question is another one.
    """
    for field, value in row.fields.items():
        if value in _EMPTY:
            continue
        if field in _MEDIA:
            raise _media(row, field, value)
        if field in _IGNORED:
            row.warn(field, describe(value), _IGNORED[field], "not-carried")


def warn_unused(row: Row, used: frozenset[str]) -> None:
    """Name the fields that the format does not read; told once a file, at its first row."""
    told = used | _MEDIA | _IGNORED.keys() | {ORIGIN}
    unused = [field for field in row.fields if field not in told]
    if unused:
        found = f"besides the format's fields {', '.join(unused[:8])}"
        row.warn(unused[0], found, "none that matter: they are not used", "unused")


def _media(row: Row, field: str, value: object) -> DataError:
    return row.error(field, value, "text alone: images, sound and film can't be trained", "not-carried")
