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

_LASTING = frozenset({501, 505, 507})  # not implemented, HTTP version, disk full: waiting mends none of them
_FAULT = 500  # may be of one request alone, which then fails each time
_SHORT_PATIENCE = 10.0  # before anything was asked, nobody restarts
_PATIENCE = 180.0  # seconds; an engine that crashed is back within its cold start, about a minute
_TIMEOUT = 300.0  # seconds for one reply


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
        documents: a short hash of all documents indexed, their contents and how these were cut and embedded.
        router: what `auto` decides by.
    """

    system: str
    adapters: Mapping[str, str]
    documents: str
    router: str = ""


class Client:
    """One pool of connections to one Crossover server, or another that speaks OpenAI's API; an async context manager.

    Args:
        url: the server's root, such as http://127.0.0.1:8080.
        concurrency: how many requests may be under way at once.
        api: the root of OpenAI's API there, where it is not `url`/v1.
        key: the bearer token that the server asks for.
        timeout: seconds for one reply.
        patience: seconds within which a busy or restarting server is asked again.
    """

    def __init__(
        self,
        url: str,
        concurrency: int = 32,
        *,
        api: str | None = None,
        key: str | None = None,
        timeout: float = _TIMEOUT,
        patience: float = _PATIENCE,
    ) -> None:
        self.url = url.rstrip("/")
        self.concurrency = concurrency
        self._timeout = timeout
        self._patience = patience
        self._api = api or f"{self.url}/v1"
        self._elsewhere = api is not None
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.concurrency),
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            headers=self._headers,
            trust_env=self._elsewhere,  # a proxy leads outside, never to a server of our own
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def chat(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a chat completion request, OpenAI's object with `crossover` in it."""
        return await self._request("POST", f"{self._api}/chat/completions", json=body)

    async def owners(self) -> set[str]:
        """Who owns the models that the server lists: ``crossover`` on a server of ours."""
        listed = (await self._request("GET", f"{self._api}/models", patience=_SHORT_PATIENCE)).get("data")
        return {str(card.get("owned_by")) for card in listed or ()}

    async def search(self, query: str, k: int) -> list[dict[str, Any]]:
        """The `k` best passages for a query, the best first."""
        found = await self._request("GET", f"{self.url}/v1/search", params={"q": query, "k": str(k)})
        return list(found["passages"])

    async def route(self, question: str, adapter: str | None) -> dict[str, Any]:
        """What `auto` would do with a question, with the features of it beside that adapter, or the default one."""
        body = {"question": question, **({"adapter": adapter} if adapter else {})}
        return await self._request("POST", f"{self.url}/v1/route", json=body)

    async def state(self) -> ServerState:
        """What the server's answers depend on now; takes one short answer, which names the system behind it."""
        hello = {"model": "base", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
        system = str((await self.chat(hello)).get("system_fingerprint") or "")
        documents = (await self._request("GET", f"{self.url}/v1/documents"))["documents"]
        revisions = [(row["id"], row["revision"]) for row in documents]
        adapters = (await self._request("GET", f"{self.url}/v1/adapters"))["adapters"]
        return ServerState(
            system=system,
            adapters={row["name"]: row["promoted"] for row in adapters if row["promoted"]},
            documents=documents_digest(revisions),
            router=str((await self.route("Hello", None))["decides"]),
        )

    async def _request(
        self, method: str, address: str, *, patience: float | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """The JSON of a reply; a busy or restarting server is asked again, with growing pauses.

        Raises:
            AskRefused: a status that asking again does not mend, or that is a fault of the server still.
            ServerUnavailable: no usable reply within a restart's time.
        """
        patience = self._patience if patience is None else patience
        begun, pause, reason = time.monotonic(), 0.25, ""
        deadline = begun + patience
        refusal: AskRefused | None = None
        while time.monotonic() < deadline:
            refusal = None
            try:
                async with self._session.request(method, address, **arguments) as reply:
                    payload = await reply.read()
                    if reply.status < 300:
                        return _object(reply.status, payload)
                    refusal = _refusal(reply.status, payload)
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = f"{type(error).__name__}: {error}"
                if isinstance(error, TimeoutError):
                    deadline = begun + self._timeout + patience  # so that one slow reply leaves time to ask again
            if refusal is not None:
                reason = str(refusal)
                if not may_pass(refusal.status):
                    raise refusal
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)
        if refusal is not None and refusal.status == _FAULT:
            raise refusal
        raise ServerUnavailable(
            f"{self.url} gave no answer for {time.monotonic() - begun:.0f} s ({reason}); `crossover doctor` tells more"
        )


def may_pass(status: int) -> bool:
    """Whether an HTTP status tells of trouble that may be over when the same is asked again."""
    return status in (408, 429) or (status >= 500 and status not in _LASTING)


def documents_digest(revisions: Iterable[tuple[str, str]]) -> str:
    """A short hash of the ids and revisions of all documents indexed."""
    return hashlib.sha256(json.dumps(sorted(revisions)).encode()).hexdigest()[:12]


def _object(status: int, payload: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(payload))
    except (ValueError, TypeError):
        raise AskRefused(status, "", f"no JSON object: {payload[:200].decode(errors='replace')}") from None


def _refusal(status: int, payload: bytes) -> AskRefused:
    try:
        error = json.loads(payload)["error"]
        return AskRefused(status, str(error.get("code") or ""), str(error["message"]))
    except (ValueError, KeyError, TypeError):
        return AskRefused(status, "", f"HTTP {status}: {payload[:200].decode(errors='replace')}")
