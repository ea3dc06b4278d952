"""The engine: generation on one or more vLLM servers, embedded or connected alike, and their adapters."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from crossover.adapters.promotion import AdapterNotLoaded
from crossover.server.engine import adapter_calls
from crossover.server.engine.completion import (
    Choice,
    Completion,
    EngineRefused,
    EngineUnavailable,
    GenerationRequest,
    ModelNotServed,
)
from crossover.server.engine.pool import Pool
from crossover.server.engine.replicas import Replica

__all__ = [
    "Choice",
    "Completion",
    "Engine",
    "EngineRefused",
    "EngineUnavailable",
    "GenerationRequest",
    "ModelNotServed",
]

_PROBE_PROMPT = [1]  # every vocabulary has a token 1; what it says does not matter


class Engine:
    """Generation on vLLM, and the adapters there (an :class:`crossover.adapters.promotion.AdapterHost`).

    Args:
        urls: the vLLM servers; all serve the same base model.
        base_model: the name under which they serve it.
        api_key: sent as a bearer token when given.
        deadline: seconds after which a request is given up.
        adapter_path: the folder of a served name ("support@3f9c2a") as the vLLM servers see it; raises
            LookupError for a name it does not know. With it, an adapter that a server has lost (a restart
            that nobody saw) is loaded again when it is asked for.
    """

    def __init__(
        self,
        urls: Sequence[str],
        base_model: str,
        *,
        api_key: str | None = None,
        deadline: float = 300.0,
        adapter_path: Callable[[str], str | Path] | None = None,
    ) -> None:
        self.base_model = base_model
        self.changing = asyncio.Lock()
        self.pool = Pool(urls, api_key, deadline)
        self._adapter_path = adapter_path
        self._in_flight: Counter[str] = Counter()
        self._drained: dict[str, asyncio.Event] = {}

    async def open(self) -> None:
        """Open the connection pool; asks nothing of the servers yet."""
        await self.pool.open()

    async def close(self) -> None:
        """Close the pool; requests under way fail."""
        await self.pool.close()

    async def __aenter__(self) -> Engine:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def generate(self, request: GenerationRequest) -> Completion:
        """The whole answer to one request.

        Raises:
            EngineUnavailable: no server answered within the deadline.
            EngineRefused: vLLM's own complaint about the request.
            ModelNotServed: neither vLLM nor we know such a model or adapter.
        """
        async with self._answer(request) as response:
            return Completion.from_wire(orjson.loads(await response.read()))

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[Completion, None]:
        """The answer piece by piece; the last piece has no choices and carries the token counts.

        Whoever leaves the iteration early (`aclose`) closes the connection, which ends the request in vLLM.
        Raises as :meth:`generate` does, in the middle of an answer too.
        """
        async with self._answer(request, stream=True) as response:
            async for line in response.content:
                if not line.startswith(b"data: "):
                    continue
                if line.startswith(b"data: [DONE]"):
                    return
                body = orjson.loads(line[6:])
                if "error" in body:
                    raise EngineUnavailable(f"vLLM broke off the answer: {body['error']}")
                yield Completion.from_wire(body)
            raise EngineUnavailable("vLLM broke off the answer before its end; ask again")

    async def ready(self) -> bool:
        """Whether every server is up and serves the base model."""
        return not await self.troubles()

    async def troubles(self) -> list[str]:
        """One line for each server that cannot be used, saying why."""
        if self.pool.paused:
            return [self.pool.paused]
        lines = await asyncio.gather(*(self._trouble(replica) for replica in self.pool.replicas))
        return [line for line in lines if line]

    async def max_model_len(self) -> int | None:
        """The context length in tokens, the smallest of all servers; None when none of them tells."""
        served = await asyncio.gather(*(adapter_calls.models(self.pool, r) for r in self.pool.replicas))
        lengths = [card["max_model_len"] for cards in served for card in cards if card.get("max_model_len")]
        return min(lengths, default=None)

    async def loaded(self) -> set[str]:
        """The served names of the adapters that every server has."""
        served = await asyncio.gather(*(adapter_calls.models(self.pool, r) for r in self.pool.replicas))
        return set.intersection(*({card["id"] for card in cards if card.get("parent")} for cards in served))

    async def load(self, name: str, path: str | Path) -> None:
        """Load an adapter on every server, or on none.

        Raises:
            AdapterNotLoaded: names the server and the path.
            EngineUnavailable: a server does not answer.
        """
        replicas = list(self.pool.replicas)
        loads = [adapter_calls.load(self.pool, replica, name, str(path)) for replica in replicas]
        outcomes = await asyncio.gather(*loads, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failures:
            new = [replica for replica, outcome in zip(replicas, outcomes, strict=True) if outcome is True]
            back = [adapter_calls.unload(self.pool, replica, name) for replica in new]
            await asyncio.gather(*back, return_exceptions=True)
            raise failures[0]

    async def unload(self, name: str) -> None:
        """Unload an adapter everywhere; one that is not loaded is no error."""
        await asyncio.gather(*(adapter_calls.unload(self.pool, replica, name) for replica in self.pool.replicas))

    async def probe(self, name: str) -> None:
        """Let every server answer one real request with the adapter.

        Raises:
            AdapterNotLoaded: a server did not; the message has its words.
        """
        request = GenerationRequest(_PROBE_PROMPT, name, {"max_tokens": 1, "temperature": 0})
        for replica in self.pool.replicas:
            try:
                async with self._answer(request, only=replica) as response:
                    await response.read()
            except (EngineUnavailable, EngineRefused, ModelNotServed) as error:
                raise AdapterNotLoaded(f"{name} is loaded but does not answer: {error}") from error

    async def drained(self, name: str) -> None:
        """Wait until none of our requests to `name` is under way, at most as long as a request may take."""
        if self._in_flight[name]:
            event = self._drained.setdefault(name, asyncio.Event())
            try:
                await asyncio.wait_for(event.wait(), self.pool.deadline)
            except TimeoutError:
                return

    @property
    def in_flight(self) -> dict[str, int]:
        """Requests under way for each served model."""
        return dict(self._in_flight)

    @asynccontextmanager
    async def _answer(
        self, request: GenerationRequest, *, stream: bool = False, only: Replica | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        body: dict[str, Any] = {**request.sampling, "model": request.model, "prompt": list(request.prompt)}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        self._in_flight[request.model] += 1
        try:
            replica, response = await self._complete(request.model, orjson.dumps(body), only)
            try:
                yield response
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise self.pool.lost(replica, error) from error
            finally:
                replica.in_flight -= 1
                response.release()  # closes the connection when something is still to come
        finally:
            self._leave(request.model)

    async def _complete(
        self, model: str, payload: bytes, only: Replica | None
    ) -> tuple[Replica, aiohttp.ClientResponse]:
        try:
            return await self.pool.complete(payload, only)
        except ModelNotServed:
            if only is not None or self._adapter_path is None or model == self.base_model:
                raise
        # Everywhere at once: whichever server lacked it. One that is down gets it when it is asked again.
        path = str(self._adapter_path(model))
        loads = [adapter_calls.load(self.pool, replica, model, path) for replica in self.pool.replicas]
        outcomes = await asyncio.gather(*loads, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if len(failures) == len(outcomes):
            raise failures[0]
        return await self.pool.complete(payload)

    def _leave(self, model: str) -> None:
        self._in_flight[model] -= 1
        if not self._in_flight[model]:
            del self._in_flight[model]
            if event := self._drained.pop(model, None):
                event.set()

    async def _trouble(self, replica: Replica) -> str:
        try:
            names = [card["id"] for card in await adapter_calls.models(self.pool, replica)]
        except EngineUnavailable as error:
            return str(error)
        if self.base_model in names:
            return ""
        return f"vLLM at {replica.url} serves {', '.join(names)}, not {self.base_model}: set CROSSOVER_BASE_MODEL"
