"""Writes that are whole or not there, and a clear word when the disk is full."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossover.indexer.errors import IndexFull

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MIB = 1 << 20


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file by new content; a reader, or a crash, sees the old or the new, never a part."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    with translate_full(path.parent):
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(path.parent)


def append_durably(path: Path, data: bytes, at: int) -> None:
    """Write at an offset where a file's known content ends; what a crash left behind it is cut off."""
    with translate_full(path.parent):
        new = not path.exists()
        with path.open("ab") as file:
            file.truncate(at)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if new:
            _sync_folder(path.parent)


def bytes_on_disk(path: Path) -> int:
    """What a file, or a folder with all its files, takes; what goes away meanwhile, as an engine's files do, is 0."""
    files = [path, *(Path(folder, name) for folder, _, names in os.walk(path) for name in names)]
    return sum(_allocated(file) for file in files)


def _allocated(file: Path) -> int:
    try:
        status = file.stat()
    except FileNotFoundError:
        return 0
    return status.st_blocks * 512 if stat.S_ISREG(status.st_mode) else 0


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_space(folder: Path, needed: int) -> None:
    """Refuse before the engine tries: it maps its files into memory, where a full disk kills the process.

    Raises:
        IndexFull: less than `needed` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise IndexFull(folder, f"{free // _MIB} MiB free, {needed // _MIB} MiB needed")


@contextmanager
def translate_full(folder: Path) -> Iterator[None]:
    """Turn the system's errors about a full disk into :class:`IndexFull`."""
    try:
        yield
    except IndexFull:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise IndexFull(folder, error.strerror or "no space left") from error
        raise
