"""Requests to adapters, one or several in a batch, beside requests to the base model in the same vLLM."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import psutil

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.prompt import Prompts, render
from crossover.eval.bench import prompts, record
from crossover.eval.bench.engine import BenchEngine
from crossover.eval.bench.load import LoadGenerator, Measured, Target

MAX_TOKENS = 32
# How many adapters share a batch, and whether the base model is among them.
MIXES = {"adapter": (1, False), "4 adapters": (4, False), "8 adapters": (8, False), "base and adapters": (4, True)}
ADAPTERS = max(n for n, _ in MIXES.values())
"""How many vLLM needs to have loaded."""
Figures = dict[str, list[float]]


class Mixes:
    """One round after another, base model and adapters in turns.

    Args:
        running: vLLM with its adapters.
        load: asks it.
        size: requests in a phase.
        concurrency: requests at once.

    Attributes:
        figures: by name what each phase gave.
    """

    def __init__(self, running: BenchEngine, load: LoadGenerator, size: int, concurrency: int) -> None:
        self._running = running
        self._load = load
        self._size = size
        self._concurrency = concurrency
        self._raw = running.completions
        launcher = psutil.Process(running.supervisor.pid)
        self._vllm = [launcher, *launcher.children(recursive=True)]
        self._tokenizer = ChatTokenizer(running.base.path)
        # Every answer as long as every other: the end token is forbidden in both kinds of request.
        self._fixed = {
            "max_tokens": MAX_TOKENS,
            "temperature": 0,
            "logit_bias": {str(self._tokenizer.eos_token_id): -100},
        }
        self._asked = 0
        self.figures: Figures = {}

    async def warm_up(self) -> None:
        """A few requests of each kind that are not counted."""
        await self._closed("warm-up", self._raw, self._raw_bodies([self._running.base.name], 16))
        await self._closed("warm-up", self._raw, self._raw_bodies(list(self._running.adapters), 16))
        self.figures.clear()

    async def round(self, n: int) -> None:
        """Each mix beside the base model as A B B A, so that a slow drift of the machine meets both alike."""
        base, adapters = [self._running.base.name], list(self._running.adapters)
        for name, (count, with_base) in MIXES.items():
            mixed = [*base[: int(with_base)], *adapters[:count]]
            for turn in ("base", name, name, "base"):
                bodies = self._raw_bodies(base if turn == "base" else mixed, self._size)
                await self._closed(turn if turn == name else f"base beside {name}", self._raw, bodies)

    async def _closed(self, name: str, target: Target, bodies: list[dict[str, Any]]) -> None:
        before = cpu_seconds(self._vllm)
        measured = await self._load.closed(target, bodies, self._concurrency)
        self._note(f"{name} req/s", measured.throughput)
        self._note(f"{name}: vLLM CPU ms a request", 1000 * (cpu_seconds(self._vllm) - before) / len(bodies))
        _check(measured)

    def _raw_bodies(self, models: list[str], count: int) -> list[dict[str, Any]]:
        return [
            {
                "model": models[n % len(models)],
                "prompt": self._tokenizer.encode(render(question, system=Prompts().closed)),
                **self._fixed,
            }
            for n, question in enumerate(self._questions(count))
        ]

    def _questions(self, count: int) -> list[str]:
        self._asked += 1
        return prompts.questions(count, seed=self._asked)

    def _note(self, name: str, value: float) -> None:
        self.figures.setdefault(name, []).append(value)


def summary(figures: Figures) -> dict[str, Any]:
    """Median and spread of each measurement, and of the ratios of mixes and base model round by round."""
    told: dict[str, Any] = {name: record.spread(values) for name, values in figures.items()}
    for name in MIXES:
        told |= ratios(figures, name, "base")
    return told


def ratios(figures: Figures, name: str, against: str) -> dict[str, Any]:
    """One phase over the base model's beside it, round by round."""
    pairs = zip(_by_round(figures[f"{name} req/s"]), _by_round(figures[f"base beside {name} req/s"]), strict=True)
    # How many requests fit into the same CPU time of vLLM: what the ratio of throughputs is on an idle machine.
    cost = [f"base beside {name}: vLLM CPU ms a request", f"{name}: vLLM CPU ms a request"]
    costs = zip(*(_by_round(figures[key]) for key in cost), strict=True)
    return {
        f"{name} / {against} throughput": record.spread([ours / theirs for ours, theirs in pairs]),
        f"{name} / {against}, by vLLM's CPU time": record.spread([theirs / ours for theirs, ours in costs]),
    }


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """What they have used so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _by_round(values: list[float]) -> list[float]:
    """The mean of the two measurements of each round."""
    return [statistics.mean(pair) for pair in zip(values[::2], values[1::2], strict=True)]


def _check(measured: Measured) -> None:
    lengths = {body["usage"]["completion_tokens"] for body in measured.answers}
    if lengths != {MAX_TOKENS}:
        raise RuntimeError(f"answers of {sorted(lengths)} tokens where all should have {MAX_TOKENS}")
