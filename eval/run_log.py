"""Append-only JSONL files that survive kill -9: one header line, then one line for each finished piece of work."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crossover.adapters.append_only import whole_length, whole_lines, write_row
from crossover.eval.client import may_pass

Row = dict[str, Any]


def sources_of(row: Row) -> list[dict[str, Any]]:
    """The passages that stood in an answer's prompt, as the server told them; none where it did not answer."""
    return row.get("crossover", {}).get("sources") or []


class RunMismatch(ValueError):
    """A file holds the answers of other questions, another arm or another state of the server."""


class RunLocked(RuntimeError):
    """Another process is writing this file."""


class RunLog:
    """Rows keyed by `id`, each written once and at once, behind a header that says what they belong to.

    A row is one `write` of one line, so that a killed process leaves at most its last line torn;
    opening cuts that line off. What was in flight then has no row and is asked again, and so is what failed for a
    passing trouble: its row stays, and the later one counts.

    Args:
        path: created with its folders when missing.
        identity: what the rows depend on; a file of another identity is refused.

    Raises:
        RunMismatch: the file belongs to something else; the message names the fields that differ.
        RunLocked: another process has it open.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            self._lock()
            os.truncate(self._descriptor, whole_length(path))
            rows = _rows(path)
            if len(rows) == 1 and rows[0].get("type") == "header" and rows[0].get("identity") != identity:
                os.truncate(self._descriptor, 0)  # begun and given up: nothing here depends on that header
                rows = []
            if rows:
                _check(path, rows[0].get("identity", {}), identity)
            else:
                write_row(self._descriptor, {"type": "header", "identity": dict(identity), **(header or {})})
        except BaseException:
            os.close(self._descriptor)
            raise
        self.done: dict[str, Row] = {str(row["id"]): row for row in rows[1:] if not _failed_in_passing(row)}

    def append(self, row: Row) -> None:
        """Write one finished row; it is never written again."""
        if row["id"] in self.done:
            raise ValueError(f"{self.path}: {row['id']} is already written")
        write_row(self._descriptor, row)
        self.done[row["id"]] = row

    def close(self) -> None:
        """Bring everything to the disk and let others open the file."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunLocked(f"{self.path}: another run is writing it; wait for it, or give another folder") from None


def read(path: Path) -> tuple[Row, list[Row]]:
    """The header and the whole rows of a file, without opening it for writing.

    Raises:
        RunMismatch: the file is missing, or has no header.
    """
    rows = _rows(path) if path.exists() else []
    if not rows or rows[0].get("type") != "header":
        raise RunMismatch(f"{path}: not a run file; `crossover eval run` writes them")
    return rows[0], rows[1:]


def begun(path: Path) -> bool:
    """Whether a file holds more than the header that every arm of a run gets before anything is asked."""
    lines = whole_lines(path)
    return len(lines) > 1 or bool(lines and json.loads(lines[0]).get("type") != "header")


def _failed_in_passing(row: Row) -> bool:
    """Whether asking again may mend what this row tells; those of older versions tell the status in words."""
    told = re.match(r"HTTP (\d{3}):", str(row.get("error", "")))
    return may_pass(int(row.get("status") or (told[1] if told else 0)))


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in whole_lines(path) if line]


def _check(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for key in dict.fromkeys([*now, *before]):
        if before.get(key) != now.get(key):
            raise RunMismatch(
                f"{path}: answers to another {key.replace('_', ' ')} are in it "
                f"({_short(before.get(key))}, now {_short(now.get(key))}); give another folder with -o, or remove it"
            )


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:60]
