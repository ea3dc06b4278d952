"""Proof that versions are swapped under load: no request fails, and none is answered by a version that was replaced.

python -m crossover.eval.bench.hot_swaps              writes build/prove/swaps.json

A server with two versions of one adapter, whose answers are told apart, is asked by so many at once without a pause,
while one after the other is promoted and rolled back. An answer counts as wrong when it was asked for after a swap was
confirmed, came before the next one began, and is not that version's.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from crossover.adapters.base_model import resolve
from crossover.adapters.registry import Registry
from crossover.eval.bench import prompts, record
from crossover.eval.bench.random_adapters import random_adapter, register
from crossover.eval.serving import running_server, tidy_on_sigterm

ALIAS = "swapped"
_PHASES = ("load", "probe", "flip", "drain")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its question, when it was sent and answered, by which version and what; None where it failed."""

    question: str
    sent: float
    answered: float
    version: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Swap:
    """One swap, from the call to its confirmation, with the server's milliseconds of each phase."""

    version: str
    begun: float
    confirmed: float
    phases: Mapping[str, float]


class Swapping:
    """Two versions behind one alias of a running server.

    Args:
        versions: their digests.
    """

    def __init__(
        self, url: str, session: aiohttp.ClientSession, versions: Sequence[str], questions: Sequence[str]
    ) -> None:
        self._url, self._session = url, session
        self._versions, self._questions = versions, questions
        self.asked: list[Asked] = []
        self.swaps: list[Swap] = []

    async def swap(self, n: int) -> None:
        """Roll back to the first version where `n` is even, promote the second where it is odd."""
        await (self.promote(self._versions[1]) if n % 2 else self._swap("rollback", {}))

    async def promote(self, version: str) -> None:
        """Let a version answer."""
        await self._swap("promote", {"version": version})

    async def answers(self) -> dict[str, str]:
        """The answer to each question by the version that answers now."""
        replies = await asyncio.gather(*(self._ask(question) for question in self._questions))
        return {reply.question: reply.text or "" for reply in replies}

    async def under_load(self, swaps: int, concurrency: int, settle: int) -> None:
        """So many swaps, `settle` answers after each, while as many requests as `concurrency` are always under way."""
        stop, settled, left = asyncio.Event(), asyncio.Event(), 0

        async def ask_on(worker: int) -> None:
            nonlocal left
            n = worker
            while not stop.is_set():
                self.asked.append(await self._ask(self._questions[n % len(self._questions)]))
                left -= bool(self.swaps) and self.asked[-1].sent > self.swaps[-1].confirmed
                if left <= 0:
                    settled.set()
                n += concurrency

        async with asyncio.TaskGroup() as group:
            for worker in range(concurrency):
                group.create_task(ask_on(worker))
            try:
                for n in range(swaps):
                    await self.swap(n)
                    left = settle
                    settled.clear()
                    await settled.wait()
            finally:
                stop.set()

    async def _swap(self, path: str, body: dict[str, str]) -> None:
        begun = time.perf_counter()
        async with self._session.post(f"{self._url}/v1/adapters/{ALIAS}/{path}", json=body) as reply:
            told = await reply.json()
            if reply.status != 200:
                raise RuntimeError(f"{path}: {told['error']['message']}")
        self.swaps.append(Swap(told["served_name"], begun, time.perf_counter(), told["timings_ms"]))

    async def _ask(self, question: str) -> Asked:
        body = {
            "model": f"finetune:{ALIAS}",
            "messages": [{"role": "user", "content": question}],
            "max_tokens": 24,
            "temperature": 0,
        }
        sent = time.perf_counter()
        try:
            async with self._session.post(f"{self._url}/v1/chat/completions", json=body) as reply:
                told = await reply.json()
                if reply.status != 200:
                    return Asked(question, sent, time.perf_counter(), None, None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return Asked(question, sent, time.perf_counter(), None, None)
        text = told["choices"][0]["message"]["content"]
        return Asked(question, sent, time.perf_counter(), told["crossover"]["adapter"], text)


def figures(asked: Sequence[Asked], swaps: Sequence[Swap], known: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What the proof counts.

    Args:
        known: the answers that each version gave while nothing was swapped.
    """
    settled = [
        (each, swap.version)
        for swap, after in zip(swaps, [*(swap.begun for swap in swaps[1:]), float("inf")], strict=True)
        for each in asked
        if each.sent > swap.confirmed and each.answered < after and each.text is not None
    ]
    answered = [each for each in asked if each.version is not None]
    beyond = [swap.phases["probe"] + swap.phases["flip"] for swap in swaps]
    return {
        "swaps": len(swaps),
        "requests": len(asked),
        "failed": len(asked) - len(answered),
        "answers_after_a_confirmed_swap": len(settled),
        "of_these_by_the_wrong_version": sum(
            each.version != version or each.text == _other(known, version)[each.question] for each, version in settled
        ),
        "answers_unlike_their_versions_own": sum(
            known[each.version or ""][each.question] != each.text for each in answered
        ),
        "milliseconds": {phase: _spread([swap.phases.get(phase, 0.0) for swap in swaps]) for phase in _PHASES}
        | {"beyond the load": _spread(beyond)},
    }


def _other(known: Mapping[str, Mapping[str, str]], version: str) -> Mapping[str, str]:
    return next(answers for name, answers in known.items() if name != version)


def _spread(values: Sequence[float]) -> dict[str, float]:
    half, most, worst = np.percentile(values, [50, 95, 100])
    return {"median": round(float(half), 2), "p95": round(float(most), 2), "greatest": round(float(worst), 2)}


async def prove(url: str, versions: Sequence[str], swaps: int, concurrency: int) -> dict[str, Any]:
    """The figures of a server that has two versions of the adapter, neither promoted."""
    asked = prompts.questions(2 * concurrency, seed=7)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=300)) as session:
        swapping = Swapping(url, session, versions, asked)
        known: dict[str, dict[str, str]] = {}
        for version in versions:
            await swapping.promote(version)
            known[f"{ALIAS}@{version}"] = await swapping.answers()
        first, second = known.values()
        told_apart = [question for question in asked if first[question] != second[question]]
        swapping = Swapping(url, session, versions, told_apart)
        await swapping.under_load(swaps, concurrency, settle=concurrency)
    return {"concurrency": concurrency, "questions": len(told_apart)} | figures(swapping.asked, swapping.swaps, known)


def main(
    swaps: Annotated[int, typer.Option(min=1, help="Swaps, promotions and rollbacks in turn.")] = 100,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests under way at once.")] = 16,
) -> None:
    """Swap the versions of an adapter under load, and count what fails and what answers wrongly.

    Example: python -m crossover.eval.bench.hot_swaps --swaps 100
    """
    console = Console(highlight=False)
    base = resolve(None)
    with tidy_on_sigterm(), tempfile.TemporaryDirectory(prefix="crossover-swaps-") as folder:
        home = Path(folder) / "home"
        os.environ["CROSSOVER_MAX_LORAS"] = "2"
        registry = Registry(home)
        made = [
            register(registry, base, ALIAS, random_adapter(base, Path(folder) / str(seed), seed)).digest
            for seed in range(2)
        ]
        with running_server(home, Console(stderr=True)) as url:
            found = asyncio.run(prove(url, made, swaps, concurrency))
    path = record.write("prove", "swaps", found)
    for name, value in found.items():
        if name != "milliseconds":
            console.print(f"{name.replace('_', ' ')}: {value}")
    table = Table("milliseconds a swap", "median", "p95", "greatest")
    for phase, values in found["milliseconds"].items():
        table.add_row(phase, *(f"{value:.2f}" for value in values.values()))
    console.print(table)
    console.print(str(path))
    failed = found["failed"] or found["of_these_by_the_wrong_version"]
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
