"""NAME.rejected.jsonl: the rows that were left out, each with the reason, so that none is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from crossover.adapters.durable import replace_text
from crossover.adapters.formats.rows import BadRow


def write_rejected(rows: Sequence[BadRow], folder: Path, name: str) -> Path:
    """Write ``{"file", "line", "field", "found", "expected", "row"}`` for each row; returns the file."""
    path = folder / f"{name}.rejected.jsonl"
    replace_text(path, "".join(_line(row) + "\n" for row in rows))
    return path


def _line(row: BadRow) -> str:
    error = row.error
    reason = {key: getattr(error, key) for key in ("file", "line", "field", "found", "expected")}
    document = reason | {"row": row.content}
    line = json.dumps(document, ensure_ascii=False, default=str)
    # Half of a surrogate pair is valid in JSON as an escape only.
    return line if _encodes(line) else json.dumps(document, default=str)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
