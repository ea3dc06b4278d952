"""Requests to the server that runs on this home, for commands that ask it or change what it serves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Raises RuntimeError where the server at `url` does not answer what is asked of it meanwhile."""
    import httpx

    try:
        yield
    except httpx.HTTPError as error:
        raise RuntimeError(f"the server at {url} does not answer ({error}); is it still running?") from error


def post(url: str, body: dict[str, Any], *, seconds: float = 180.0) -> dict[str, Any]:
    """The server's JSON answer.

    Raises:
        LookupError, ValueError, RuntimeError: the server's own message for a status of 404, 4xx and 5xx (and 409).
    """
    import httpx

    with reaching(url):  # loading an adapter waits for a probe and for running answers to end
        response = httpx.post(url, json=body, timeout=seconds, trust_env=False)
    if response.is_success:
        return dict(response.json())
    try:
        message = str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = f"POST {url}: status {response.status_code}"
    if response.status_code == 404:
        raise LookupError(message)
    raise (ValueError if response.status_code < 500 and response.status_code != 409 else RuntimeError)(message)
