"""Proof that P-tuned adapters are right: served as prompt embeddings, beside others, they answer as in PEFT.

python -m crossover.eval.bench.ptuning_parity         writes build/prove/ptuning.json
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossover.adapters.base_model import BaseModel, resolve
from crossover.adapters.card import P_TUNING
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.gate.trained_answers import peft_answers
from crossover.adapters.promotion import promote
from crossover.adapters.prompt import Prompts, render
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.bench import prompts, record
from crossover.eval.bench.lora_parity import NEAR_TIE, Answer, compare
from crossover.eval.bench.random_adapters import random_virtual_tokens, register
from crossover.eval.serving import tidy_on_sigterm
from crossover.server.engine.client import Engine, GenerationRequest
from crossover.server.engine.command import command
from crossover.server.engine.prompt_embeds import PromptEmbeds
from crossover.server.engine.supervisor import Supervisor
from crossover.server.settings import Settings, load

_AT_ONCE = 16
_MAX_TOKENS = 24
_EXAMPLES = 48


async def prove(home: Path, count: int, epochs: int, base_model: str | None, vllm_args: str) -> dict[str, Any]:
    """The figures for a trained adapter and a random one, `count` prompts each, all asked beside the base model."""
    base = resolve(base_model)
    settings = load(home=home, base_model=base_model, vllm_args=vllm_args)
    registry = Registry(home, base_fingerprint=base.fingerprint)
    versions = {"trained": _trained(base, registry, epochs), "random": _random(base, registry, home)}
    asked = _prompts(base, count)
    async with Supervisor(settings, base) as supervisor:
        await supervisor.started()
        async with Engine(
            [supervisor.url], base.name, api_key=supervisor.api_key, prompt_embeds=PromptEmbeds(registry, base)
        ) as engine:
            for version in versions.values():
                await promote(registry, engine, version.name, version.digest)
            names = [base.name, *(version.served_name for version in versions.values())]
            answers = await _answers(engine, [(name, ids) for ids in asked for name in names])
    plain = answers[:: len(names)]
    figures: dict[str, Any] = {}
    for place, (kind, version) in enumerate(versions.items(), start=1):
        served = answers[place :: len(names)]
        peft = await asyncio.to_thread(_peft, base, version, asked, _served_dtype(settings, base))
        figures[kind] = compare(served, peft).figures | {
            "virtual_tokens": version.virtual_tokens,
            "unlike_base": sum(a.ids != b.ids for a, b in zip(served, plain, strict=True)),
        }
    return figures


def _trained(base: BaseModel, registry: Registry, epochs: int) -> AdapterVersion:
    from crossover.adapters.training.lora import train
    from crossover.adapters.training.methods import METHODS
    from crossover.adapters.training.options import TrainOptions

    asked = prompts.questions(_EXAMPLES, seed=3)
    answers = [text.rpartition("run by ")[2].partition(" since")[0] for _, text in prompts.passages(_EXAMPLES, seed=3)]
    data = DataSet("bench", tuple(Example(question, answer) for question, answer in zip(asked, answers, strict=True)))
    options = TrainOptions(
        name="trained", method=P_TUNING, epochs=epochs, batch=8, learning_rate=METHODS[P_TUNING].learning_rate
    )
    return train(data, options, base, registry)


def _random(base: BaseModel, registry: Registry, home: Path) -> AdapterVersion:
    return register(registry, base, "random", random_virtual_tokens(base, home / "random", seed=0))


def _prompts(base: BaseModel, count: int) -> list[list[int]]:
    """Half of them alone, half with a passage."""
    tokenizer, system = ChatTokenizer(base.path), Prompts()
    return [
        tokenizer.encode(
            render(question, system=system.hybrid if n % 2 else system.closed, passages=prompts.passages(n % 2, n))
        )
        for n, question in enumerate(prompts.questions(count, seed=3))
    ]


async def _answers(engine: Engine, requests: Sequence[tuple[str, list[int]]]) -> list[Answer]:
    at_once = asyncio.Semaphore(_AT_ONCE)
    greedy = {"temperature": 0, "max_tokens": _MAX_TOKENS, "logprobs": 2, "return_tokens_as_token_ids": True}

    async def answer(model: str, ids: list[int]) -> Answer:
        async with at_once:
            completion = await engine.generate(GenerationRequest(ids, model, greedy))
        told = completion.choices[0].logprobs or {}
        leads = []
        for best in told["top_logprobs"]:
            first, second = sorted(best.values(), reverse=True)[:2] if len(best) > 1 else (0.0, -1e9)
            leads.append(first - second)
        return Answer([int(token.removeprefix("token_id:")) for token in told["tokens"]], leads)

    return list(await asyncio.gather(*(answer(model, ids) for model, ids in requests)))


def _peft(base: BaseModel, version: AdapterVersion, asked: Sequence[list[int]], dtype: str) -> list[list[int]]:
    requests = [(version.name, ids) for ids in asked]
    return peft_answers(base.path, {version.name: version.path}, requests, _MAX_TOKENS, dtype)


def _served_dtype(settings: Settings, base: BaseModel) -> str:
    words = command(settings, base, 0)
    return words[len(words) - words[::-1].index("--dtype")] if "--dtype" in words else "auto"


def main(
    count: Annotated[int, typer.Option(help="Prompts for each adapter.")] = 100,
    epochs: Annotated[int, typer.Option(help="How long the trained one is trained.")] = 12,
    base_model: Annotated[str | None, typer.Option(help="A model folder in place of the built-in one.")] = None,
    vllm_args: Annotated[str, typer.Option(help="More arguments for vLLM.")] = "",
) -> None:
    """Compare the served answers of P-tuned adapters with PEFT's own.

    Example: python -m crossover.eval.bench.ptuning_parity --count 100
    """
    with tidy_on_sigterm(), tempfile.TemporaryDirectory(prefix="crossover-prove-") as home:
        figures = asyncio.run(prove(Path(home), count, epochs, base_model, vllm_args))
    path = record.write("prove", "ptuning", {"near_tie": NEAR_TIE, "adapters": figures})
    table = Table(
        "adapter", "virtual tokens", "n", "differ from PEFT", "of these near ties", "largest lead", "unlike base"
    )
    for kind, row in figures.items():
        keys = ("virtual_tokens", "n", "differ", "near_ties", "largest_lead", "unlike_base")
        table.add_row(kind, *(str(row[key]) for key in keys))
    console = Console()
    console.print(table)
    console.print(str(path))
    wrong = [row for row in figures.values() if row["differ"] > 0.01 * row["n"] or not row["unlike_base"]]
    raise typer.Exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(main)
