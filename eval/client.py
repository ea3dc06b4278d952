"""The HTTP client of a run: it asks as any other client does, through one pool, and waits out a restart."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

_BUSY = frozenset({429, 502, 503, 504})
_PATIENCE = 180.0  # seconds; an engine that crashed is back within its cold start, about a minute


class ServerUnavailable(RuntimeError):
    """The server cannot be reached, or stayed unready for longer than a restart takes."""


class AskRefused(ValueError):
    """The server refused a request: `status`, OpenAI's `code`, and its message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class ServerState:
    """What answers depend on besides the question; equal states may share a run file.

    Args:
        system: the server's `system_fingerprint`: the base model and how it is asked.
        adapters: the promoted version of each alias.
        documents: a short hash of the ids and contents of all documents indexed.
    """

    system: str
    adapters: Mapping[str, str]
    documents: str


class Client:
    """One pool of connections to one Crossover server; an async context manager.

    Args:
        url: the server's root, such as http://127.0.0.1:8000.
        concurrency: how many requests may be under way at once.
    """

    def __init__(self, url: str, concurrency: int = 32) -> None:
        self.url = url.rstrip("/")
        self.concurrency = concurrency

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=self.concurrency)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=300))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def chat(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a chat completion request, OpenAI's object with `crossover` in it."""
        return await self._request("POST", "/v1/chat/completions", json=body)

    async def search(self, query: str, k: int) -> list[dict[str, Any]]:
        """The `k` best passages for a query, the best first."""
        found = await self._request("GET", "/v1/search", params={"q": query, "k": str(k)})
        return list(found["passages"])

    async def route(self, question: str, adapter: str | None) -> dict[str, Any]:
        """What `auto` would do with a question, with the features of it beside that adapter, or the default one."""
        body = {"question": question, **({"adapter": adapter} if adapter else {})}
        return await self._request("POST", "/v1/route", json=body)

    async def state(self) -> ServerState:
        """What the server's answers depend on now; takes one short answer, which names the system behind it."""
        hello = {"model": "base", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
        system = str((await self.chat(hello)).get("system_fingerprint") or "")
        documents = (await self._request("GET", "/v1/documents"))["documents"]
        contents = [(row["id"], row["content_hash"]) for row in documents]
        adapters = (await self._request("GET", "/v1/adapters"))["adapters"]
        return ServerState(
            system=system,
            adapters={row["name"]: row["promoted"] for row in adapters if row["promoted"]},
            documents=documents_digest(contents),
        )

    async def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """The JSON of a reply; a busy or restarting server is asked again, with growing pauses.

        Raises:
            AskRefused: any other status than success.
            ServerUnavailable: no usable reply within a restart's time.
        """
        deadline, pause, reason = time.monotonic() + _PATIENCE, 0.25, ""
        while time.monotonic() < deadline:
            try:
                async with self._session.request(method, self.url + path, **arguments) as reply:
                    payload = await reply.read()
                    if reply.status < 300:
                        return dict(json.loads(payload))
                    refusal = _refusal(reply.status, payload)
                    if reply.status not in _BUSY:
                        raise refusal
                    reason = str(refusal)
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = f"{type(error).__name__}: {error}"
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)
        raise ServerUnavailable(
            f"{self.url} gave no answer for {_PATIENCE:.0f} s ({reason}); `crossover doctor` tells more"
        )


def documents_digest(contents: Iterable[tuple[str, str]]) -> str:
    """A short hash of the ids and content hashes of all documents indexed."""
    return hashlib.sha256(json.dumps(sorted(contents)).encode()).hexdigest()[:12]


def _refusal(status: int, payload: bytes) -> AskRefused:
    try:
        error = json.loads(payload)["error"]
        return AskRefused(status, str(error.get("code") or ""), str(error["message"]))
    except (ValueError, KeyError, TypeError):
        return AskRefused(status, "", f"HTTP {status}: {payload[:200].decode(errors='replace')}")
