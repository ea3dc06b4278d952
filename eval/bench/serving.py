"""The cost of adapters and of our gateway: both measured against the same vLLM in the same run.

python -m crossover.eval.bench.serving                writes build/bench/serving.json
"""

from __future__ import annotations

import asyncio
import math
import statistics
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console

from crossover.eval.bench import mixes, record
from crossover.eval.bench.engine import BenchEngine, bench_engine, gateway
from crossover.eval.bench.load import LoadGenerator, Target
from crossover.eval.bench.mixes import Mixes, cpu_seconds
from crossover.eval.bench.routing import overhead
from crossover.eval.serving import tidy_on_sigterm

Figures = dict[str, list[float]]


class Bench(Mixes):
    """One round after another of all measurements, each round in another order.

    Args:
        running: vLLM with its adapters.
        gateway: the URL of a Crossover server in front of that vLLM.
        load: asks both.
        size: requests in a phase.
        concurrency: requests at once in a closed loop.
    """

    def __init__(self, running: BenchEngine, gateway: str, load: LoadGenerator, size: int, concurrency: int) -> None:
        super().__init__(running, load, size, concurrency)
        self._gateway = Target(f"{gateway}/v1/chat/completions")
        self._server = [_listening(gateway)]

    async def warm_up(self) -> None:
        """A few requests of each kind that are not counted."""
        await self._closed("warm-up", self._gateway, self._chat_bodies(16))
        await super().warm_up()

    async def round(self, n: int) -> None:
        """All measurements once: each pair as A B B A, so that a slow drift of the machine meets both alike."""
        await super().round(n)
        base = self._running.base.name
        for turn in ("base", "gateway", "gateway", "base"):
            if turn == "base":
                await self._closed("base beside gateway", self._raw, self._raw_bodies([base], self._size))
                continue
            before = cpu_seconds(self._server)
            await self._closed("gateway", self._gateway, self._chat_bodies(self._size))
            self._note("gateway: its CPU ms a request", 1000 * (cpu_seconds(self._server) - before) / self._size)
        await self._one_at_a_time(self._size // 2)
        await self._open_loop(0.5 * self.figures["base beside gateway req/s"][-1], self._size // 2, n)

    async def _one_at_a_time(self, count: int) -> None:
        """One request, then one through the other way, so that both see the same minute of the machine.

        For one token each: what comes before and after the engine is the same, and its scatter hides it less.
        """
        pairs = self._pair(count)
        for n in range(count):
            for name, target, bodies in pairs[:: 1 if n % 2 else -1]:
                measured = await self._load.closed(target, [{**bodies[n], "max_tokens": 1}], 1)
                self._note(f"{name} one at a time ms", 1000 * measured.latencies[0])

    async def _open_loop(self, rate: float, count: int, seed: int) -> None:
        """One stream of requests at a rate that vLLM can do twice, every other of them through the gateway.

        In two streams, one after the other, what else the machine does moves the median by more than the gateway.
        """
        pair = self._pair(count)
        names = {target: name for name, target, _ in pair}
        requests = [(target, bodies[n]) for n in range(count) for _, target, bodies in pair]
        for target, seconds in await self._load.opened(requests, rate, seed):
            self._note(f"{names[target]} open loop ms", 1000 * seconds)

    def _pair(self, count: int) -> list[tuple[str, Target, list[dict[str, Any]]]]:
        return [
            ("raw", self._raw, self._raw_bodies([self._running.base.name], count)),
            ("gateway", self._gateway, self._chat_bodies(count)),
        ]

    def _chat_bodies(self, count: int) -> list[dict[str, Any]]:
        return [
            {"model": "base", "messages": [{"role": "user", "content": question}], **self._fixed}
            for question in self._questions(count)
        ]


def summary(figures: Figures) -> dict[str, Any]:
    """Median and spread of each measurement, of the ratios round by round, and of the latencies added."""
    told = mixes.summary(figures) | mixes.ratios(figures, "gateway", "raw")
    # Each request beside the one that was asked just before or after it: what the machine does meanwhile cancels out.
    told["added ms, one at a time, pair by pair (95 % interval)"] = _middle(
        [
            ours - raw
            for ours, raw in zip(figures["gateway one at a time ms"], figures["raw one at a time ms"], strict=True)
        ]
    )
    for way in ("one at a time", "open loop"):
        told[f"added p50 ms, {way}"] = {
            "median": round(told[f"gateway {way} ms"]["median"] - told[f"raw {way} ms"]["median"], 3)
        }
    return told


def _middle(values: list[float]) -> dict[str, float]:
    """The median, and its 95 % interval by order statistics."""
    ordered, reach = sorted(values), 0.98 * len(values) ** 0.5
    low, high = math.floor(len(values) / 2 - reach), math.ceil(len(values) / 2 + reach)
    edges = {"min": ordered[max(0, low)], "max": ordered[min(len(values) - 1, high)]}
    return {"median": round(statistics.median(values), 3)} | {name: round(edge, 3) for name, edge in edges.items()}


async def run(rounds: int, size: int, concurrency: int) -> dict[str, Any]:
    """The figures of `rounds` interleaved rounds."""
    async with bench_engine(mixes.ADAPTERS) as running, LoadGenerator() as load:
        with gateway(running) as (url, _):
            bench = Bench(running, url, load, size, concurrency)
            await bench.warm_up()
            for n in range(rounds):
                await bench.round(n)
        routing = await asyncio.to_thread(overhead, running, rounds * size)
    return summary(bench.figures) | routing


def _listening(url: str) -> psutil.Process:
    """The process of ours that listens there."""
    port = int(url.rsplit(":", 1)[1])
    for process in psutil.Process().children(recursive=True):
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in process.net_connections("tcp")):
            return process
    raise RuntimeError(f"no child of ours listens on port {port}")


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds.")] = 5,
    size: Annotated[int, typer.Option(min=8, help="Requests in a phase.")] = 96,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once in the closed loops.")] = 32,
) -> None:
    """Measure adapter throughput against base, and the gateway against raw vLLM.

    Example: python -m crossover.eval.bench.serving --rounds 5
    """
    with tidy_on_sigterm():
        figures = asyncio.run(run(rounds, size, concurrency))
    path = record.write("bench", "serving", {"rounds": rounds, "size": size, "concurrency": concurrency, **figures})
    Console().print(record.table(f"{rounds} rounds, concurrency {concurrency}", figures))
    print(path)


if __name__ == "__main__":
    typer.run(main)
