"""The records of a file: JSON Lines, one JSON array, CSV or Parquet, gzipped or not, told apart by what is inside."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from crossover.adapters.examples import DataError
from crossover.adapters.formats import csv_rows, json_rows, parquet_rows
from crossover.adapters.formats.encoding import decode, load_bytes
from crossover.adapters.formats.rows import Item

_TABLES = {".csv", ".tsv"}
_GZIP = b"\x1f\x8b"


def iterate(path: Path) -> Iterator[Item]:
    """The records of a file in order; a broken one comes as the error it is, an oddity of the file as a warning.

    Raises:
        DataError: the file cannot be read, or not to its end.
    """
    data = _unzipped(path, load_bytes(path))
    if data.startswith(parquet_rows.MAGIC):
        yield from parquet_rows.read(path, data)
        return
    text, notes = decode(path, data)
    if not text.strip():
        raise DataError(path, 0, "file", found="an empty file", expected="one JSON object a line", code="empty")
    yield from notes
    is_table = _inner(path).suffix.lower() in _TABLES and text.lstrip()[0] not in "[{"
    yield from (csv_rows.read if is_table else json_rows.read)(path, text)


def stem(path: Path) -> str:
    """The name of a file without what says how it is written: ``rows`` for ``rows.jsonl.gz``."""
    return _inner(path).stem


def _inner(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def _unzipped(path: Path, data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        found = f"damaged gzip ({error})"
        raise DataError(path, 0, "file", found=found, expected="a whole gzip file", code="unreadable") from error
