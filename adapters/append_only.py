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
        os.ftruncate(descriptor, whole_length(path))
        write_row(descriptor, row, sync=True)
    finally:
        os.close(descriptor)


def write_row(descriptor: int, row: Mapping[str, Any], *, sync: bool = False) -> None:
    """Writes one row as one line behind what is there, in one piece where the system takes it so.

    Args:
        sync: bring it to the disk at once.

    Raises:
        OSError: the disk is full or cannot be written; the file is as it was.
    """
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    before = os.fstat(descriptor).st_size
    try:
        while line:  # a short write is finished
            line = line[os.write(descriptor, line) :]
        if sync:
            os.fsync(descriptor)
    except OSError:  # half a line would spoil the next one
        os.ftruncate(descriptor, before)
        raise


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
