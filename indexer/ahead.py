"""Work in the background, a little ahead of who takes its results."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")
_TURN = 0.0005  # seconds; Python's own is ten times as long
_LOOK = 0.1  # seconds between two looks whether to stop


def ahead(items: Generator[Item], size: int, stop: Event | None = None) -> Generator[Item]:
    """The items in order, made in a thread of their own, at most `size` of them waiting to be taken.

    An exception in there is raised here in its turn. Closing this generator, or an interrupt in it,
    sets `stop`, upon which no more items are made; when it has ended, so have the thread and `items`.
    Each stage needs a `stop` of its own: one that fails closes the stage before it, and what it made
    until then is still taken.
    """
    stop = stop or Event()
    producer = _Producer(items, size, stop)
    producer.start()
    try:
        while made := producer.take():
            yield made[0]
    except BaseException:
        stop.set()
        raise
    finally:
        producer.join()
    if producer.error:
        raise producer.error


@contextmanager
def short_turns() -> Iterator[None]:
    """Let threads take turns more often: a question's hundred steps would each wait for a turn of other work."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class _Producer(Thread, Generic[Item]):
    def __init__(self, items: Generator[Item], size: int, stop: Event) -> None:
        super().__init__(name="ahead", daemon=True)
        self._items = items
        self._made: Queue[list[Item]] = Queue(size)
        self._stop_asked = stop
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for item in self._items:
                self._put([item])
        except BaseException as error:
            self.error = error
        finally:
            self._items.close()
            with suppress(InterruptedError):
                self._put([])

    def take(self) -> list[Item]:
        """The next item in a list; an empty list after the last one, or after an error."""
        while not self._stop_asked.is_set():
            try:
                return self._made.get(timeout=_LOOK)
            except Empty:
                continue
        raise InterruptedError("stopped")

    def _put(self, made: list[Item]) -> None:
        while not self._stop_asked.is_set():
            try:
                return self._made.put(made, timeout=_LOOK)
            except Full:
                continue
        raise InterruptedError("stopped")
