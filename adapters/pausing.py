"""The running server's vLLM out of the way while this process needs its device."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from crossover.adapters.live import post

# Should this process be killed, vLLM comes back after that many seconds.
_LEASE_SECONDS = 60.0
_BACK_SECONDS = 900.0  # a large model takes minutes to load


@contextmanager
def serving_paused(url: str) -> Iterator[None]:
    """The server at `url` refuses requests and has its device's memory free while this lasts.

    Raises:
        RuntimeError: vLLM is not that server's own, or does not come back.
    """
    over = threading.Event()

    def prolong() -> None:
        while not over.wait(_LEASE_SECONDS / 3):
            try:
                post(f"{url}/v1/engine/pause", {"seconds": _LEASE_SECONDS})
            except (RuntimeError, ValueError):  # the server stops, perhaps: the training goes on
                continue

    post(f"{url}/v1/engine/pause", {"seconds": _LEASE_SECONDS})
    thread = threading.Thread(target=prolong, name="pause", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        post(f"{url}/v1/engine/resume", {}, seconds=_BACK_SECONDS)
