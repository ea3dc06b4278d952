"""One writer at a time on an index: a lock file that says who holds it."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from types import TracebackType

from crossover.indexer.errors import IndexLocked


class IndexLock:
    """An exclusive lock on a folder, given back by the system when its process dies, however it dies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            IndexLocked: another process, or another index in this one, holds it; says which.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 1000).decode(errors="replace").strip() or "another process"
            os.close(descriptor)
            raise IndexLocked(
                f"{self._path.parent}: the index is in use by {holder}; wait for it, or stop it and try again"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, _me().encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> IndexLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _me() -> str:
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    command = " ".join([name, *sys.argv[1:2]])
    return f"process {os.getpid()} ({command})"
