"""The engine: generation on one or more vLLM servers, embedded or connected alike, and their adapters."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, nullcontext
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
from crossover.server.engine.prompt_embeds import PromptEmbeds
from crossover.server.engine.replicas import Replica
from crossover.server.engine.slots import Slots

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
        prompt_embeds: makes the prompts of P-tuned adapters, for which vLLM has nothing to load.
        slots: how many adapters the servers hold at most, the least recently used leaving first; None: any number.
        pinned: the served names of those that never leave.
    """

    def __init__(
        self,
        urls: Sequence[str],
        base_model: str,
        *,
        api_key: str | None = None,
        deadline: float = 300.0,
        adapter_path: Callable[[str], str | Path] | None = None,
        prompt_embeds: PromptEmbeds | None = None,
        slots: int | None = None,
        pinned: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.base_model = base_model
        self.changing = asyncio.Lock()
        self.pool = Pool(urls, api_key, deadline)
        self._adapter_path = adapter_path
        self._embeds = prompt_embeds
        self._slots = Slots(
            slots, self.changing, pinned, deadline, load=self._bring, unload=self._let_go, touch=self.probe
        )
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

    async def troubles(self) -> list[str]:
        """One line for each server that cannot be used, saying why."""
        if self.pool.paused:
            return [self.pool.paused]
        lines = await asyncio.gather(*(self._trouble(replica) for replica in self.pool.replicas))
        return [line for line in lines if line]

    async def max_model_len(self) -> int | None:
        """The context length in tokens, the smallest of all servers; None when none of them tells."""
        served = await asyncio.gather(*(adapter_calls.models(self.pool, r) for r in self.pool.replicas))
        base = (card for cards in served for card in cards if card["id"] == self.base_model)
        return min((card["max_model_len"] for card in base if card.get("max_model_len")), default=None)

    async def loaded(self) -> set[str]:
        """The served names of the adapters that every server has that answers.

        Raises:
            EngineUnavailable: none answers.
        """
        asked = (adapter_calls.models(self.pool, replica) for replica in self.pool.replicas)
        served = await asyncio.gather(*asked, return_exceptions=True)
        failed = [each for each in served if isinstance(each, BaseException)]
        if len(failed) == len(served) or any(not isinstance(each, EngineUnavailable) for each in failed):
            raise failed[0]
        there = [each for each in served if not isinstance(each, BaseException)]
        loras = set.intersection(*({card["id"] for card in cards if card.get("parent")} for cards in there))
        return loras | await self._loaded_embeds()

    async def load(self, name: str, path: str | Path) -> None:
        """Load an adapter on every server, or on none.

        Raises:
            AdapterNotLoaded: names the server and the path.
            EngineUnavailable: a server does not answer.
        """
        if self._embeds and self._embeds.owns(name):
            await asyncio.to_thread(self._embeds.read, name)
            return
        await self._slots.keep_pinned()
        await adapter_calls.load_on_all(self.pool, name, str(path))
        self._slots.loaded(name)

    async def unload(self, name: str) -> None:
        """Unload an adapter everywhere; one that is not loaded is no error."""
        if self._embeds and self._embeds.owns(name):
            self._embeds.forget(name)
            return
        await asyncio.gather(*(adapter_calls.unload(self.pool, replica, name) for replica in self.pool.replicas))
        self._slots.unloaded(name)

    def fitting(self, names: Sequence[str]) -> list[str]:
        """Those of these adapters that the slots are for, the pinned ones first; P-tuned ones take no slot."""
        free = [name for name in names if self._embeds and self._embeds.owns(name)]
        return free + self._slots.fitting([name for name in names if name not in free])

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
        self._in_flight[request.model] += 1
        try:
            body = {**request.sampling, **await self._asked(request)}
            if stream:
                body |= {"stream": True, "stream_options": {"include_usage": True}}
            # A probe needs no slot: it is asked of what was loaded just before.
            slot = nullcontext() if only or body["model"] == self.base_model else self._slots.using(request.model)
            async with slot:
                replica, response = await self._complete(body["model"], orjson.dumps(body), only)
                try:
                    yield response
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    raise self.pool.lost(replica, error) from error
                finally:
                    replica.in_flight -= 1
                    response.release()  # closes the connection when something is still to come
        finally:
            self._leave(request.model)

    async def _asked(self, request: GenerationRequest) -> dict[str, Any]:
        if self._embeds and request.model != self.base_model and self._embeds.owns(request.model):
            embeds = await self._embeds.encode(request.model, request.prompt)
            return {"model": self.base_model, "prompt_embeds": embeds}
        return {"model": request.model, "prompt": list(request.prompt)}

    async def _loaded_embeds(self) -> set[str]:
        """The promoted P-tuned versions, when every server takes prompt embeddings."""
        names = await asyncio.to_thread(self._embeds.promoted) if self._embeds else set()
        unsure = [replica for replica in self.pool.replicas if not replica.takes_embeds]
        if names and unsure:
            try:
                await self.probe(min(names))
            except AdapterNotLoaded:
                return set()
            for replica in unsure:
                replica.takes_embeds = True
        return names

    async def _complete(
        self, model: str, payload: bytes, only: Replica | None
    ) -> tuple[Replica, aiohttp.ClientResponse]:
        try:
            return await self.pool.complete(payload, only)
        except ModelNotServed:
            if only is not None or self._adapter_path is None or model == self.base_model:
                raise
        await self._bring(model)
        return await self.pool.complete(payload)

    async def _bring(self, name: str) -> None:
        assert self._adapter_path is not None
        await adapter_calls.load_on_any(self.pool, name, str(self._adapter_path(name)))

    async def _let_go(self, name: str) -> None:
        gone = (adapter_calls.unload(self.pool, replica, name) for replica in self.pool.replicas)
        await asyncio.gather(*gone, return_exceptions=True)  # a server that is down holds none

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
