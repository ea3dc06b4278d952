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
from rich.table import Table

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.prompt import Prompts, render
from crossover.eval.bench import prompts, record
from crossover.eval.bench.engine import BenchEngine, bench_engine, gateway
from crossover.eval.bench.load import LoadGenerator, Measured, Target
from crossover.eval.bench.routing import overhead
from crossover.eval.serving import tidy_on_sigterm

_MAX_TOKENS = 32
# How many adapters share a batch, and whether the base model is among them.
_MIXES = {"adapter": (1, False), "4 adapters": (4, False), "8 adapters": (8, False), "base and adapters": (4, True)}
Figures = dict[str, list[float]]


class Bench:
    """One round after another of all measurements, each round in another order.

    Args:
        running: vLLM with its adapters.
        gateway: the URL of a Crossover server in front of that vLLM.
        load: asks both.
        size: requests in a phase.
        concurrency: requests at once in a closed loop.
    """

    def __init__(self, running: BenchEngine, gateway: str, load: LoadGenerator, size: int, concurrency: int) -> None:
        self._running = running
        self._load = load
        self._size = size
        self._concurrency = concurrency
        self._raw = running.completions
        self._gateway = Target(f"{gateway}/v1/chat/completions")
        launcher = psutil.Process(running.supervisor.pid)
        self._vllm = [launcher, *launcher.children(recursive=True)]
        self._server = [_listening(gateway)]
        self._tokenizer = ChatTokenizer(running.base.path)
        # Every answer as long as every other: the end token is forbidden in both kinds of request.
        self._fixed = {
            "max_tokens": _MAX_TOKENS,
            "temperature": 0,
            "logit_bias": {str(self._tokenizer.eos_token_id): -100},
        }
        self._asked = 0
        self.figures: Figures = {}

    async def warm_up(self) -> None:
        """A few requests of each kind that are not counted."""
        await self._closed("warm-up", self._raw, self._raw_bodies([self._running.base.name], 16))
        await self._closed("warm-up", self._raw, self._raw_bodies(list(self._running.adapters), 16))
        await self._closed("warm-up", self._gateway, self._chat_bodies(16))
        self.figures.clear()

    async def round(self, n: int) -> None:
        """All measurements once: each pair as A B B A, so that a slow drift of the machine meets both alike."""
        base, adapters = [self._running.base.name], list(self._running.adapters)
        mixed = {name: [*base[: int(with_base)], *adapters[:n]] for name, (n, with_base) in _MIXES.items()}
        for name, models in {**mixed, "gateway": []}.items():
            for turn in ("base", name, name, "base"):
                asked = base if turn == "base" else models
                target = self._raw if asked else self._gateway
                bodies = self._raw_bodies(asked, self._size) if asked else self._chat_bodies(self._size)
                await self._closed(turn if turn == name else f"base beside {name}", target, bodies)
        await self._one_at_a_time(self._size // 2)
        await self._open_loop(0.5 * self.figures["base beside gateway req/s"][-1], self._size // 2, n)

    async def _closed(self, name: str, target: Target, bodies: list[dict[str, Any]]) -> None:
        before = [_cpu_seconds(processes) for processes in (self._vllm, self._server)]
        measured = await self._load.closed(target, bodies, self._concurrency)
        vllm, server = (
            1000 * (_cpu_seconds(processes) - start) / len(bodies)
            for processes, start in zip((self._vllm, self._server), before, strict=True)
        )
        self._note(f"{name} req/s", measured.throughput)
        self._note(f"{name}: vLLM CPU ms a request", vllm)
        if target is self._gateway:
            self._note(f"{name}: its CPU ms a request", server)
        _check(measured)

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

    def _raw_bodies(self, models: list[str], count: int) -> list[dict[str, Any]]:
        return [
            {
                "model": models[n % len(models)],
                "prompt": self._tokenizer.encode(render(question, system=Prompts().closed)),
                **self._fixed,
            }
            for n, question in enumerate(self._questions(count))
        ]

    def _chat_bodies(self, count: int) -> list[dict[str, Any]]:
        return [
            {"model": "base", "messages": [{"role": "user", "content": question}], **self._fixed}
            for question in self._questions(count)
        ]

    def _questions(self, count: int) -> list[str]:
        self._asked += 1
        return prompts.questions(count, seed=self._asked)

    def _note(self, name: str, value: float) -> None:
        self.figures.setdefault(name, []).append(value)


def summary(figures: Figures) -> dict[str, Any]:
    """Median and spread of each measurement, of the ratios round by round, and of the latencies added."""
    told = {name: record.spread(values) for name, values in figures.items()}
    for name in (*_MIXES, "gateway"):
        pairs = zip(_by_round(figures[f"{name} req/s"]), _by_round(figures[f"base beside {name} req/s"]), strict=True)
        against = "raw" if name == "gateway" else "base"
        told[f"{name} / {against} throughput"] = record.spread([ours / theirs for ours, theirs in pairs])
        # How many requests fit into the same CPU time of vLLM: what the ratio of throughputs is on an idle machine.
        cost = [f"base beside {name}: vLLM CPU ms a request", f"{name}: vLLM CPU ms a request"]
        pairs = zip(*(_by_round(figures[key]) for key in cost), strict=True)
        told[f"{name} / {against}, by vLLM's CPU time"] = record.spread([ours / theirs for ours, theirs in pairs])
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


def _by_round(values: list[float]) -> list[float]:
    """The mean of the two measurements of each round."""
    return [statistics.mean(pair) for pair in zip(values[::2], values[1::2], strict=True)]


async def run(rounds: int, size: int, concurrency: int) -> dict[str, Any]:
    """The figures of `rounds` interleaved rounds."""
    async with bench_engine(max(n for n, _ in _MIXES.values())) as running, LoadGenerator() as load:
        with gateway(running) as (url, _):
            bench = Bench(running, url, load, size, concurrency)
            await bench.warm_up()
            for n in range(rounds):
                await bench.round(n)
        routing = await asyncio.to_thread(overhead, running, rounds * size)
    return summary(bench.figures) | routing


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _listening(url: str) -> psutil.Process:
    """The process of ours that listens there."""
    port = int(url.rsplit(":", 1)[1])
    for process in psutil.Process().children(recursive=True):
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in process.net_connections("tcp")):
            return process
    raise RuntimeError(f"no child of ours listens on port {port}")


def _check(measured: Measured) -> None:
    lengths = {body["usage"]["completion_tokens"] for body in measured.answers}
    if lengths != {_MAX_TOKENS}:
        raise RuntimeError(f"answers of {sorted(lengths)} tokens where all should have {_MAX_TOKENS}")


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
    table = Table("measured", "median", "least", "greatest", title=f"{rounds} rounds, concurrency {concurrency}")
    for name, values in figures.items():
        table.add_row(name, *(f"{value:.2f}" for value in values.values()))
    Console().print(table)
    print(path)


if __name__ == "__main__":
    typer.run(main)
