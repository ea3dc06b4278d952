"""One writer at a time on an index: a lock file that says who holds it."""

from __future__ import annotations

import fcntl
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from crossover.indexer.errors import IndexLocked, StoreError

_POLL = 0.1  # seconds
_LOOKS = 3
_PATIENCE = 30.0  # seconds that closing waits for a writer


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
                    holder = _holder(descriptor)
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


class WriterTurns:
    """One writer at a time in this process and, where the index is shared, among all processes on its home.

    Args:
        home: of the index.
        held: the lock, where this process holds it all the time; None where it is taken for each turn.
        wait: seconds that a turn may be waited for.
    """

    def __init__(self, home: Path, held: IndexLock | None, wait: float) -> None:
        self._home = home
        self._held = held
        self._wait = wait
        self._writer = threading.Lock()
        self._closed = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether no more turns are given."""
        return self._closed.is_set()

    @contextmanager
    def take(self, wait: float | None = None) -> Iterator[None]:
        """The turn, for as long as the context lasts.

        Raises:
            IndexLocked: another process writes, and did so for as long as one may wait.
            StoreError: the index is closed.
        """
        with self._writer:
            if self.closed:
                raise StoreError("the index is closed")
            if self._held:
                yield
                return
            lock = IndexLock(self._home)
            lock.acquire(self._wait if wait is None else wait)
            try:
                yield
            finally:
                lock.release()

    def close(self, last: Callable[[], None]) -> None:
        """Do `last` once the writer of the moment has finished, give the lock back, and give no more turns."""
        self._closed.set()
        waited = self._writer.acquire(timeout=_PATIENCE)
        try:
            last()
        finally:
            if self._held and waited:  # else a writer is still at work, and the process keeps the lock until it ends
                self._held.release()
            if waited:
                self._writer.release()


def _locked(descriptor: int) -> bool:
    """Whether the lock could be taken. Polled: a blocking wait could neither end nor be interrupted on time."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> str:
    """Who wrote its name into the file; one that has only just taken the lock gets a moment for it."""
    for _ in range(_LOOKS):
        if holder := os.pread(descriptor, 1000, 0).decode(errors="replace").strip():
            return holder
        time.sleep(_POLL)
    return "another process"


def _me() -> str:
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    command = " ".join([name, *sys.argv[1:2]])
    return f"process {os.getpid()} ({command})"
