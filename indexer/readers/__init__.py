"""Files in, documents out: :func:`read` finds the format by the content, one module a format.

A PDF named .txt is read as a PDF and a text named .pdf as a text; the name decides only between
formats that are all text. Every failure is a ReadError that says which file and why.
"""

from __future__ import annotations

import csv
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from crossover.indexer.document import Document, Skipped
from crossover.indexer.errors import ReadError
from crossover.indexer.readers import archive, csv_table, docx, html, markdown, pdf, plain_text, pptx, records, rst
from crossover.indexer.readers.parsed import Parsed


class TextFormat(Protocol):
    """A module that reads one format of text."""

    def looks_like(self, text: str, suffix: str) -> bool:
        """Whether a text is of this format."""

    def parse(self, text: str) -> Parsed:
        """What it says."""


_BINARY_SUFFIXES = {".pdf", ".docx", ".doc", ".pptx", ".ppt", ".xlsx", ".xls", ".zip", ".bin"}  # on a text: wrong
_TEXTS: dict[str, TextFormat] = {"html": html, "csv": csv_table, "rst": rst, "markdown": markdown}
_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")  # no store takes them


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read.

    Attributes:
        max_bytes: larger files are refused.
        fields: the names of id, title, text and link in JSON records; what is missing is looked for.
    """

    max_bytes: int = 64 << 20
    fields: records.Map = field(default_factory=dict)


def read(
    path: Path, document_id: str, root: Path | None = None, reading: Reading | None = None
) -> Iterator[Document | Skipped]:
    """The document in one file, or the documents where the file holds several records.

    Args:
        path: the file.
        document_id: the id that the document gets; a record's is `document_id#key`.
        root: the folder that was asked for, kept with the document so that it can be pruned later.

    Raises:
        ReadError: the file is missing, unreadable, empty, damaged, or of no format that is read.
    """
    reading = reading or Reading()
    raw = _content(path, reading.max_bytes)
    try:
        kind, parsed = _parse(raw, path, reading)
        for each in parsed:
            yield each if isinstance(each, Skipped) else _document(each, kind, path, document_id, root)
    except ReadError:
        raise
    except RecursionError as error:
        raise ReadError(path, "nested too deeply") from error
    except csv.Error as error:
        raise ReadError(path, f"not a readable table: {error}") from error
    except MemoryError as error:
        raise ReadError(path, "too large for the memory of this machine") from error
    except Exception as error:  # the parsers raise whatever a damaged file makes them raise
        raise ReadError(path, f"damaged: {type(error).__name__}: {_first_line(error)}") from error


def _content(path: Path, limit: int) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            os.scandir(path).close()  # where it cannot be listed, this says why
            raise ReadError(path, "a link to a folder; name that folder itself" if path.is_symlink() else "a directory")
        if not stat.S_ISREG(status.st_mode):
            raise ReadError(path, "neither a file nor a folder: a pipe, a socket or a device")
        if status.st_size > limit:
            size, most = status.st_size >> 20, limit >> 20
            raise ReadError(
                path, f"{size} MiB, above the limit of {most} MiB; split it, or raise CROSSOVER_MAX_FILE_MB"
            )
        os.fsencode(path).decode()
        return path.read_bytes()
    except UnicodeDecodeError as error:
        raise ReadError(path, "its name is not valid UTF-8; rename it") from error
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from error


def _parse(raw: bytes, path: Path, reading: Reading) -> tuple[str, Iterable[Parsed | Skipped]]:
    """The format of some bytes, and what its reader makes of them."""
    if pdf.looks_like(raw):
        return "pdf", [pdf.parse(raw, path)]
    if archive.looks_like(raw):
        kind = archive.kind(raw, path)
        return kind, [docx.parse(raw) if kind == "docx" else pptx.parse(raw)]
    text = plain_text.decode(raw, path)
    if not text.strip():
        raise ReadError(path, "the file is empty")
    suffix = "" if path.suffix.lower() in _BINARY_SUFFIXES else path.suffix
    if records.looks_like(text, suffix):
        return "json", records.parse(text, path, reading.fields)
    for kind, module in _TEXTS.items():
        if module.looks_like(text, suffix):
            return kind, [module.parse(text)]
    return "text", [plain_text.parse(text)]


def _document(parsed: Parsed, kind: str, path: Path, document_id: str, root: Path | None) -> Document:
    text = _speakable(parsed.text)
    if not text.strip():
        raise ReadError(path, "nothing but front matter and comments" if kind == "markdown" else "no text in it")
    metadata = {"format": parsed.kind or kind}
    if root:
        metadata["root"] = str(root)
    if parsed.link:
        metadata["link"] = parsed.link
    if parsed.key:
        metadata["file"] = document_id
        document_id = f"{document_id}#{_speakable(parsed.key)}"
    title = " ".join(_speakable(parsed.title).split()) or path.stem
    return Document(document_id, title, text, source=str(path), metadata=metadata)


def _speakable(text: str) -> str:
    return _UNSPEAKABLE.sub("\ufffd", text)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no reason given").splitlines()[0][:200]
