"""The cores of this machine, between documents that are embedded and questions that come meanwhile."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LULL = 1.0  # seconds without a question, after which documents have all cores again
_NICE = 10  # of the threads that embed documents: a question, and what else answers it on this machine, goes first


class _Priority:
    """Questions before documents: while questions come, one core less works on documents."""

    def __init__(self) -> None:
        self._last_question = -math.inf
        self._running = 0
        self._changed = threading.Condition()

    def asked(self) -> None:
        self._last_question = time.monotonic()

    @contextmanager
    def after_questions(self, cores: int) -> Iterator[None]:
        """Wait until one of the cores is free for documents."""
        with self._changed:
            while self._running >= max(1, cores - 1) and time.monotonic() < self._last_question + _LULL:
                self._changed.wait(_LULL / 4)
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()


_PRIORITY = _Priority()


@cache
def count() -> int:
    """How many cores torch was given, asked before any thread is told to compute on fewer."""
    import torch

    return torch.get_num_threads()


@contextmanager
def for_question() -> Iterator[None]:
    """Compute on one thread, ahead of documents: on so little work more threads wait rather than help."""
    import torch

    count()
    _PRIORITY.asked()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def for_documents(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """The results in order, made by a worker per core that computes on one thread.

    As fast as one batch on all cores while the machine is ours, and twice as fast when it is not:
    threads that share a batch wait for each other at every layer.
    """
    import torch

    cores = count()

    def begin() -> None:
        torch.set_num_threads(1)
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)

    def in_turn(item: Item) -> Result:
        with _PRIORITY.after_questions(cores):
            return work(item)

    workers = ThreadPoolExecutor(max(1, min(cores, len(items))), "embedding", initializer=begin)
    try:
        yield from workers.map(in_turn, items)
    finally:
        workers.shutdown(cancel_futures=True)
        torch.set_num_threads(cores)
