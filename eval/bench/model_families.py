"""Proof that other architectures are trained, served and swapped as the built-in model is, and answer as in PEFT.

python -m crossover.eval.bench.model_families         writes build/prove/models.json
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossover.adapters.base_model import BaseModel, resolve
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.gate.trained_answers import peft_answers
from crossover.adapters.promotion import promote, rollback
from crossover.adapters.prompt import Prompts, render
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.training.lora import train
from crossover.adapters.training.options import TrainOptions
from crossover.eval.bench import prompts, record
from crossover.eval.bench.load import LoadGenerator, Target
from crossover.eval.bench.lora_parity import MAX_TOKENS, NEAR_TIE, Answer, compare, greedy_answers
from crossover.eval.bench.tiny_families import FAMILIES, Family, build_model
from crossover.eval.serving import tidy_on_sigterm
from crossover.server.engine.client import Engine
from crossover.server.engine.supervisor import Supervisor
from crossover.server.settings import load

_EXAMPLES = 24
_CONCURRENCY = 16
_VLLM = "--dtype float32 --kv-cache-memory-bytes 67108864"  # a cache of 64 MiB


def train_two(base: BaseModel, registry: Registry) -> list[AdapterVersion]:
    """Two versions of the adapter `notes`, trained on the same questions with other answers."""
    asked = prompts.questions(_EXAMPLES, seed=1)
    versions = []
    for seed, people in enumerate((("Anna Tovan", "Berit Halm"), ("Room 14", "Room 29"))):
        examples = tuple(Example(question, people[n % 2]) for n, question in enumerate(asked))
        options = TrainOptions(name="notes", epochs=4, rank=8, batch=4, seed=seed)
        versions.append(train(DataSet("notes", examples), options, base, registry))
    return versions


async def prove(family: Family, count: int, folder: Path) -> dict[str, Any]:
    """The figures of one family: answers that differ from PEFT's for each version, seconds of each step."""
    base = resolve(str(build_model(family, folder / family.name)))
    registry = Registry(folder / "home", base_fingerprint=base.fingerprint)
    begun = time.perf_counter()
    first, second = await asyncio.to_thread(train_two, base, registry)
    trained = time.perf_counter()
    asked = _prompts(base, count)
    settings = load(home=folder / "home", base_model=base.path, max_loras=2, vllm_args=_VLLM)
    async with Supervisor(settings, base) as supervisor, LoadGenerator() as generator:
        await supervisor.started()
        served = time.perf_counter()
        target = Target(f"{supervisor.url}/v1/completions", supervisor.api_key)

        async def ask(model: str) -> list[Answer]:
            return await greedy_answers(target, generator, [(model, ids) for ids in asked], _CONCURRENCY)

        async with Engine([supervisor.url], base.name, api_key=supervisor.api_key) as engine:
            plain = await ask(base.name)
            answers: dict[str, list[Answer]] = {}
            for version in (first, second):
                await promote(registry, engine, "notes", version.digest)
                if await engine.loaded() != {version.served_name}:
                    raise RuntimeError(f"{family.name}: {version.served_name} was promoted and is not what is loaded")
                answers[version.served_name] = await ask(version.served_name)
            await rollback(registry, engine, "notes")
            again = await ask(first.served_name)
    adapters = {version.served_name: version.path for version in (first, second)}
    requests = [(name, ids) for name in adapters for ids in asked]
    reference = await asyncio.to_thread(peft_answers, base.path, adapters, requests, MAX_TOKENS, "float32")
    return {
        "family": family.name,
        "system_role": ChatTokenizer(base.path).takes_system,
        "against_peft": [
            compare(answers[name], reference[n * count : (n + 1) * count]).figures for n, name in enumerate(adapters)
        ],
        "after_rollback": compare(answers[first.served_name], [answer.ids for answer in again]).figures,
        "answers_unlike_base": [sum(a.ids != b.ids for a, b in zip(answers[n], plain, strict=True)) for n in adapters],
        "losses": [version.card.losses for version in (first, second)],
        "seconds": {"two_trainings": round(trained - begun, 1), "start": round(served - trained, 1)},
    }


def _prompts(base: BaseModel, count: int) -> list[list[int]]:
    tokenizer, system = ChatTokenizer(base.path), Prompts()
    return [
        tokenizer.encode(render(question, system=system.closed, passages=prompts.passages(n % 2, n)))
        for n, question in enumerate(prompts.questions(count, seed=2))
    ]


def _row(found: dict[str, Any]) -> Sequence[str]:
    parity = [f"{each['differ']} of {each['n']} ({each['near_ties']} near ties)" for each in found["against_peft"]]
    back, unlike = found["after_rollback"], "/".join(map(str, found["answers_unlike_base"]))
    losses = ", ".join(f"{losses[0]:.1f} > {losses[-1]:.1f}" for losses in found["losses"])
    return [found["family"], "yes" if found["system_role"] else "no", losses, *parity, str(back["differ"]), unlike]


def _holds(found: dict[str, Any]) -> bool:
    """At least 99 % as in PEFT, and every difference a near tie."""
    rows = [*found["against_peft"], found["after_rollback"]]
    return all(row["differ"] <= 0.01 * row["n"] and row["differ"] == row["near_ties"] for row in rows)


def main(
    count: Annotated[int, typer.Option(min=1, help="Prompts for each version.")] = 100,
    family: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(FAMILIES)}; repeatable.")] = None,
) -> None:
    """Train, serve, swap and compare a tiny random model of each family.

    Example: python -m crossover.eval.bench.model_families --family gemma
    """
    console = Console(highlight=False)
    found = []
    with tidy_on_sigterm():
        for name in family or FAMILIES:
            console.print(f"{name} ...")
            with tempfile.TemporaryDirectory(prefix="crossover-models-") as folder:
                found.append(asyncio.run(prove(FAMILIES[name], count, Path(folder))))
            console.print(f"{name}: {', '.join(_row(found[-1])[1:])}")
    path = record.write("prove", "models", {"near_tie": NEAR_TIE, "count": count, "families": found})
    table = Table(
        "family", "system role", "losses", "first unlike PEFT", "second unlike PEFT", "after rollback", "unlike base"
    )
    for each in found:
        table.add_row(*_row(each))
    console.print(table)
    console.print("The training half at 1B shapes on a GPU: not run")
    console.print(str(path))
    raise typer.Exit(0 if all(map(_holds, found)) else 1)


if __name__ == "__main__":
    typer.run(main)
