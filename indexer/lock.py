"""One writer at a time on an index: a lock file that says who holds it."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path
from types import TracebackType

from crossover.indexer.errors import IndexLocked

_POLL = 0.1  # seconds


class IndexLock:
    """An exclusive lock on a folder, given back by the system when its process dies, however it dies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._descriptor: int | None = None

    def acquire(self, wait: float = 0.0) -> None:
        """Take the lock.

        Args:
            wait: seconds to try for.

        Raises:
            IndexLocked: another process, or another index in this one, holds it; says which.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        deadline = time.monotonic() + wait
        try:
            while not _locked(descriptor):
                if time.monotonic() >= deadline:
                    holder = os.read(descriptor, 1000).decode(errors="replace").strip() or "another process"
                    waited = f" for {wait:g} s and longer" if wait else ""
                    raise IndexLocked(
                        f"{self._path.parent}: the index is in use by {holder}{waited}; stop it, or let this command "
                        "wait longer (--wait SECONDS)"
                    )
                time.sleep(_POLL)
        except BaseException:
            os.close(descriptor)
            raise
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


def _locked(descriptor: int) -> bool:
    """Whether the lock could be taken. Polled: a blocking wait could neither end nor be interrupted on time."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _me() -> str:
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    command = " ".join([name, *sys.argv[1:2]])
    return f"process {os.getpid()} ({command})"
