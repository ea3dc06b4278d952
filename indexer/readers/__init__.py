"""Files in, documents out: :func:`read` finds the format by the content, one module a format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crossover.indexer.document import Document
from crossover.indexer.errors import ReadError
from crossover.indexer.readers import markdown, plain_text

Parser = Callable[[str, str], tuple[str, str]]
"""(text of the file, fallback title) to (title, text of the document)."""

PARSERS: dict[str, Parser] = {"markdown": markdown.parse, "text": plain_text.parse}


def read(path: Path, document_id: str, root: Path | None = None) -> Document:
    """The document in one file, its format found by the content and only then by the name.

    Args:
        path: the file.
        document_id: the id that the document gets.
        root: the folder that was asked for, kept with the document so that it can be pruned later.

    Raises:
        ReadError: the file is missing, unreadable, empty or binary; says which and why.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from error
    text = plain_text.decode(raw, path)
    if not text.strip():
        raise ReadError(path, "the file is empty")
    kind = "markdown" if markdown.looks_like(text, path.suffix) else "text"
    title, body = PARSERS[kind](text, path.stem)
    if not body.strip():
        raise ReadError(path, "nothing but front matter and comments")
    metadata = {"format": kind} | ({"root": str(root)} if root else {})
    return Document(document_id, title, body, source=str(path), metadata=metadata)
