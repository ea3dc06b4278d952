"""A load generator: closed loop (so many at once) and open loop (so many a second, whatever the answers do)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go.

    Attributes:
        url: the endpoint, with its path.
        api_key: sent as a bearer token; empty: none.
    """

    url: str
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One phase: seconds from start to end, seconds of each request, the answers in the order of the requests."""

    seconds: float
    latencies: list[float]
    answers: list[dict[str, Any]]

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


class LoadGenerator:
    """One connection pool that asks; an async context manager. A request that fails ends the measurement."""

    async def __aenter__(self) -> LoadGenerator:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=2),
            timeout=aiohttp.ClientTimeout(total=600),
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def closed(self, target: Target, bodies: Sequence[dict[str, Any]], concurrency: int) -> Measured:
        """All bodies, `concurrency` of them under way at any time."""
        prepared, results = self._prepared(bodies)
        position = iter(range(len(prepared)))

        async def worker() -> None:
            for n in position:
                results[n] = await self._ask(target, prepared[n])

        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(worker())
        return _measured(time.perf_counter() - start, results)

    async def opened(
        self, requests: Sequence[tuple[Target, dict[str, Any]]], rate: float, seed: int
    ) -> list[tuple[Target, float]]:
        """Target and seconds of each request, sent at the times of a Poisson process of `rate` a second."""
        rng = random.Random(seed)
        seconds = [0.0] * len(requests)

        async def later(n: int, target: Target, body: bytes, at: float) -> None:
            await asyncio.sleep(at - (time.perf_counter() - start))
            seconds[n] = (await self._ask(target, body))[0]

        prepared = [(target, orjson.dumps(body)) for target, body in requests]
        at, start = 0.0, time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for n, (target, body) in enumerate(prepared):
                at += rng.expovariate(rate)
                group.create_task(later(n, target, body, at))
        return [(target, taken) for (target, _), taken in zip(requests, seconds, strict=True)]

    @staticmethod
    def _prepared(bodies: Sequence[dict[str, Any]]) -> tuple[list[bytes], list[tuple[float, bytes]]]:
        return [orjson.dumps(body) for body in bodies], [(0.0, b"")] * len(bodies)

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[aiohttp.ClientResponse, bytes]:
        async with self._session.post(url, data=body, headers=headers) as response:
            return response, await response.read()

    async def _ask(self, target: Target, body: bytes) -> tuple[float, bytes]:
        headers = {"Content-Type": "application/json"}
        if target.api_key:
            headers["Authorization"] = f"Bearer {target.api_key}"
        start = time.perf_counter()
        try:
            response, answer = await self._post(target.url, body, headers)
        except aiohttp.ServerDisconnectedError:  # an idle connection, closed just when it was to be used
            response, answer = await self._post(target.url, body, headers)
        if response.status != 200:
            raise RuntimeError(f"{target.url} answered {response.status}: {answer.decode()[:500]}")
        return time.perf_counter() - start, answer


def _measured(seconds: float, results: Sequence[tuple[float, bytes]]) -> Measured:
    return Measured(seconds, [latency for latency, _ in results], [orjson.loads(answer) for _, answer in results])
