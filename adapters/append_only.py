"""JSON Lines files that are only ever appended to: whoever is killed leaves at most the last line torn."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_BLOCK = 1 << 16


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Brings one row to the disk, behind what is whole; a torn line of an earlier writer is cut off first.

    Raises:
        OSError: the disk is full or cannot be written; the file is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        whole = whole_length(path)
        os.ftruncate(descriptor, whole)
        try:
            write_row(descriptor, row)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, whole)
            raise
    finally:
        os.close(descriptor)


def write_row(descriptor: int, row: Mapping[str, Any]) -> None:
    """Writes one row as one line, in one piece where the system takes it so."""
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    while line:  # a full disk raises here; a short write is finished
        line = line[os.write(descriptor, line) :]


def whole_length(path: Path) -> int:
    """The length in bytes up to and with the last line feed."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK)
            file.seek(start)
            if (place := file.read(end - start).rfind(b"\n")) >= 0:
                return start + place + 1
            end = start
    return 0


def whole_lines(path: Path) -> list[bytes]:
    """The lines that were written to their end, an empty one for a line that holds nothing."""
    return path.read_bytes()[: whole_length(path)].split(b"\n")[:-1]
