"""What the built-in model is like to work with: facts learnt by LoRA, and requests a second beside another model.

    python -m crossover.eval.bench.reader                          writes build/prove/reader.json
    python -m crossover.eval.bench.reader --beside OTHER_FOLDER    a folder of weights, such as an earlier model's

Each fact is invented and trained in three wordings of its question, then asked in a fourth one.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from crossover.adapters.base_model import resolve
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.relations import TRAINED
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.prompt import Prompts, render
from crossover.adapters.registry import Registry
from crossover.adapters.training.lora import train
from crossover.adapters.training.options import TrainOptions
from crossover.eval.bench import prompts, record
from crossover.eval.bench.engine import BenchEngine, bench_engine, engine_with
from crossover.eval.bench.load import LoadGenerator
from crossover.eval.metrics.exact_match import exact_match
from crossover.eval.questions import Question
from crossover.eval.serving import tidy_on_sigterm
from crossover.eval.statistics import estimate

_CONCURRENCY, _NEW_TOKENS = 32, 32
_WORDINGS = 4
_VLLM = "--dtype float32 --kv-cache-memory-bytes 268435456"  # both models as the built-in one is served


@dataclass(frozen=True, slots=True)
class Fact:
    """An invented fact, and wordings of the question about it in an order of chance."""

    wordings: tuple[str, ...]
    value: str


def facts(count: int) -> list[Fact]:
    """So many facts about invented things, always the same ones."""
    draw, found = Draw("facts by LoRA", "shared"), dict[tuple[str, str], Fact]()
    relations = [relation for relation in TRAINED if len(relation.questions) >= _WORDINGS]
    while len(found) < count:
        relation, entity = draw.pick(relations), draw.entity()
        wordings = [wording.format(e=entity.name) for wording in relation.questions]
        draw.random.shuffle(wordings)
        fact = Fact(tuple(each[0].upper() + each[1:] for each in wordings[:_WORDINGS]), draw.value(relation.kind))
        found.setdefault((relation.key, entity.name), fact)
    return list(found.values())


def learnt(count: int, epochs: int) -> dict[str, Any]:
    """How long facts take to learn, and how many are then right in a wording that was not trained."""
    told, base = facts(count), resolve()
    rows = [Example(wording, fact.value) for fact in told for wording in fact.wordings[1:]]
    with tempfile.TemporaryDirectory(prefix="crossover-facts-") as folder:
        start = time.perf_counter()
        options = TrainOptions("facts", epochs=epochs).suited(len(rows), {"epochs"})
        version = train(DataSet("facts", tuple(rows)), options, base, Registry(Path(folder)))
        seconds = time.perf_counter() - start
        answers = asyncio.run(_answers(version.served_name, version.path, [fact.wordings[0] for fact in told]))
    asked = [Question(str(n), fact.wordings[0], (fact.value,), "facts", str(n)) for n, fact in enumerate(told)]
    scores = np.array([exact_match(answer, question) for answer, question in zip(answers, asked, strict=True)])
    right = estimate(scores, [question.group for question in asked])
    return {
        "facts": count, "rows": len(rows), "epochs": epochs, "seconds": round(seconds),
        "right": right.score, "interval": [right.interval.low, right.interval.high],
    }  # fmt: skip


async def _answers(name: str, adapter: Path, questions: Sequence[str]) -> list[str]:
    async with engine_with({name: adapter}) as running, LoadGenerator() as load:
        tokenizer = ChatTokenizer(running.base.path)
        bodies = [
            {
                "model": name,
                "prompt": tokenizer.encode(render(question, system=Prompts().closed)),
                "max_tokens": _NEW_TOKENS,
                "temperature": 0,
            }
            for question in questions
        ]
        measured = await load.closed(running.completions, bodies, _CONCURRENCY)
    return [answer["choices"][0]["text"] for answer in measured.answers]


async def speed(beside: Path, rounds: int, size: int) -> dict[str, Any]:
    """Requests a second of the built-in model and of another one, each in a vLLM of its own, in turns."""
    figures: dict[str, list[float]] = {"built-in req/s": [], "other req/s": []}
    for turn in range(2):
        for name, model in (("other req/s", str(beside)), ("built-in req/s", resolve().path)):
            async with bench_engine(1, str(model), _VLLM) as running, LoadGenerator() as load:
                await load.closed(running.completions, _bodies(running, 2 * _CONCURRENCY, seed=0), _CONCURRENCY)
                for n in range(rounds):
                    bodies = _bodies(running, size, seed=1 + n + turn * rounds)
                    measured = await load.closed(running.completions, bodies, _CONCURRENCY)
                    figures[name].append(measured.throughput)
    ours, other = (statistics.median(figures[name]) for name in ("built-in req/s", "other req/s"))
    spreads = {name: record.spread(values) for name, values in figures.items()}
    return {**spreads, "built-in / other": round(ours / other, 3)}


def _bodies(running: BenchEngine, count: int, seed: int) -> list[dict[str, Any]]:
    tokenizer = ChatTokenizer(running.base.path)
    texts = [
        tokenizer.encode(render(question, system=Prompts().rag, passages=prompts.passages(2, seed * count + n)))
        for n, question in enumerate(prompts.questions(count, seed))
    ]
    fixed = {"max_tokens": _NEW_TOKENS, "temperature": 0, "ignore_eos": True}
    return [{"model": running.base.name, "prompt": text, **fixed} for text in texts]


def main(
    count: Annotated[int, typer.Option("--facts", min=1, help="Facts to learn.")] = 300,
    epochs: Annotated[int, typer.Option(min=1, help="Of their training.")] = 24,
    beside: Annotated[Path | None, typer.Option(help="Weights of another model, to answer as fast as.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="In each of two turns of each model.")] = 4,
    size: Annotated[int, typer.Option(min=8, help="Requests in a round.")] = 192,
) -> None:
    """Measure what fine-tuning and serving make of the built-in model.

    Example: python -m crossover.eval.bench.reader --facts 300
    """
    console = Console(highlight=False)
    with tidy_on_sigterm():
        figures: dict[str, Any] = {"facts": learnt(count, epochs)}
        learned = figures["facts"]
        low, high = learned["interval"]
        console.print(
            f"{count} facts, {learned['rows']} rows, {epochs} epochs: {learned['seconds']} s; "
            f"{100 * learned['right']:.0f} % right in another wording ({100 * low:.0f} to {100 * high:.0f})"
        )
        if beside:
            figures["speed"] = asyncio.run(speed(beside, rounds, size))
            console.print(record.table(f"two turns of {rounds} rounds, concurrency {_CONCURRENCY}", figures["speed"]))
            console.print(f"built-in / other: {figures['speed']['built-in / other']:.2f}")
    print(record.write("prove", "reader", figures))


if __name__ == "__main__":
    typer.run(main)
