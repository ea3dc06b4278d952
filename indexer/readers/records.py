"""JSON and JSON lines: a document a record where records have a text, else the values under their names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crossover.indexer.document import Skipped
from crossover.indexer.errors import ReadError
from crossover.indexer.readers import markdown
from crossover.indexer.readers.parsed import Parsed

_LINES = {".jsonl", ".ndjson"}
_SUFFIXES = {".json", *_LINES}
_FIELDS = {  # what the fields of a record are called where no map says it, the likeliest first
    "text": ("text", "content", "body", "page_content", "contents", "passage", "document", "answer", "description"),
    "title": ("title", "name", "heading", "headline", "subject", "question"),
    "id": ("id", "_id", "doc_id", "document_id", "key", "slug"),
    "link": ("url", "link", "href", "permalink", "source_url", "uri"),
}
_LISTS = ("documents", "records", "data", "items", "rows", "results", "articles", "pages")
_SAMPLE = 50  # records that are looked at for the names of their fields

Map = Mapping[str, str]
"""The names of a record's fields by what they mean: id, title, text, link."""


def looks_like(text: str, suffix: str) -> bool:
    """Whether a text is JSON or JSON lines: by how it begins, and its name or that it can be parsed."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    return suffix.lower() in _SUFFIXES or (suffix.lower() in ("", ".txt") and _first_value(text) is not None)


def parse(text: str, path: Path, fields: Map) -> Iterator[Parsed | Skipped]:
    """The records of a file, what has no text as skipped; or one document of all values.

    Args:
        fields: what the fields of a record are called; what it does not name is looked for.

    Raises:
        ReadError: not JSON, or no record has the field that the map names as text.
        RecursionError: nested too deeply.
    """
    records: list[tuple[str, Any]] = []
    whole = None
    try:
        whole = json.loads(text)
        records = [(f"record {n}", record) for n, record in enumerate(_list_in(whole), 1)]
    except ValueError as error:
        if path.suffix.lower() not in _LINES and _first_value(text) is None:
            raise ReadError(path, f"not valid JSON: {error}") from error
        records = [(f"line {n}", _line(line)) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    names = _names([record for _, record in records], fields)
    if "text" in names:
        yield from _documents(records, path, names)
    elif "text" in fields:
        raise ReadError(path, f"no record has the text field {fields['text']!r} that CROSSOVER_DOCUMENT_FIELDS names")
    else:
        value = [record for _, record in records if not isinstance(record, ValueError)] if whole is None else whole
        yield Parsed("", _values(value))
        yield from (Skipped(f"{path}:{place}", str(bad)) for place, bad in records if isinstance(bad, ValueError))


def _first_value(text: str) -> Any:
    """The value of the whole text or of its first line; None where neither is JSON."""
    line = text.lstrip().partition("\n")[0]
    for part in (line, text):
        try:
            return json.loads(part)
        except ValueError:
            continue
    return None


def _line(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        return ValueError(f"not valid JSON: {error}")


def _list_in(whole: Any) -> list[Any]:
    """The records of a JSON text: the list that it is, or the one that it carries under a usual name."""
    if isinstance(whole, dict):
        if "text" in _names([whole], {}) and not any(isinstance(value, list | dict) for value in whole.values()):
            return [whole]
        whole = next((whole[name] for name in _LISTS if isinstance(whole.get(name), list)), [])
    return whole if isinstance(whole, list) else []


def _names(records: list[Any], fields: Map) -> dict[str, str]:
    """What id, title, text and link are called in these records, as far as they have them."""
    sample = [record for record in records[:_SAMPLE] if isinstance(record, dict)]
    names: dict[str, str] = {}
    for meaning, usual in _FIELDS.items():
        for name in [fields[meaning]] if meaning in fields else usual:
            if name not in names.values() and any(_is_value(record.get(name)) for record in sample):
                names[meaning] = name
                break
    return names


def _documents(records: Iterable[tuple[str, Any]], path: Path, names: Map) -> Iterator[Parsed | Skipped]:
    seen: dict[str, str] = {}
    for place, record in records:
        where = f"{path}:{place}"
        if not isinstance(record, dict):
            yield Skipped(where, str(record) if isinstance(record, ValueError) else "not an object with fields")
            continue
        values = {meaning: str(record[name]) for meaning, name in names.items() if _is_value(record.get(name))}
        text = values.get("text", "")
        key = values.get("id") or place.partition(" ")[2]
        if not text.strip():
            yield Skipped(where, f"no text in its field {names['text']!r}")
        elif key in seen:
            yield Skipped(where, f"the id {key!r} is that of {seen[key]} too")
        else:
            seen[key] = place
            kind = "markdown" if markdown.looks_like(text, "") else "text"
            yield Parsed(values.get("title", ""), text, values.get("link", ""), key, kind)


def _values(whole: Any) -> str:
    """A paragraph for each entry at the top: a line a value, under the names that lead to it."""
    if isinstance(whole, dict):
        entries = ((str(name), value) for name, value in whole.items())
    else:
        entries = (("", value) for value in (whole if isinstance(whole, list) else [whole]))
    paragraphs = []
    for name, value in entries:
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            rows = ("; ".join(_leaves(row, "")) for row in value)
            paragraphs += [f"## {name}" if name else "", *rows]
        else:
            paragraphs.append(("\n" if name else "; ").join(_leaves(value, name)))
    return "\n\n".join(filter(None, paragraphs))


def _leaves(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        if value and not any(isinstance(each, dict | list) for each in value):
            yield f"{path}: {', '.join(map(str, value))}" if path else ", ".join(map(str, value))
        else:
            for inner in value:
                yield from _leaves(inner, path)
    elif _is_value(value):
        yield f"{path}: {value}" if path else str(value)


def _is_value(value: Any) -> bool:
    return isinstance(value, str | int | float) and str(value).strip() != ""
