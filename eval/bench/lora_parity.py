"""Proof that LoRA is right on the CPU: base answers stay what they are beside adapters, adapters answer as in PEFT.

python -m crossover.eval.bench.lora_parity            writes build/prove/lora.json
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.gate.trained_answers import peft_answers
from crossover.adapters.prompt import Prompts, render
from crossover.eval.bench import prompts, record
from crossover.eval.bench.engine import BenchEngine, bench_engine
from crossover.eval.bench.load import LoadGenerator, Target
from crossover.eval.serving import tidy_on_sigterm
from crossover.server.engine.command import command

# Log-probabilities from 16-bit sums of a few hundred terms: two tokens closer than this are ordered by rounding.
NEAR_TIE = 0.1
_CONCURRENCY = 32
MAX_TOKENS = 24


@dataclass(frozen=True, slots=True)
class Answer:
    """A greedy answer: its token ids, and at each position by how much the best token led (log-probability)."""

    ids: list[int]
    leads: list[float]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How many of `n` answers differ, and of these the lead of the best token where each first differs."""

    n: int
    leads: list[float]

    @property
    def figures(self) -> dict[str, Any]:
        """As written to the record."""
        return {
            "n": self.n,
            "differ": len(self.leads),
            "near_ties": sum(lead <= NEAR_TIE for lead in self.leads),
            "largest_lead": round(max(self.leads, default=0.0), 4),
        }


def compare(reference: Sequence[Answer], others: Sequence[Sequence[int]]) -> Disagreement:
    """Where `others` differ from the reference, position by position."""
    leads = []
    for answer, ids in zip(reference, others, strict=True):
        if answer.ids != list(ids):
            pairs = zip(answer.ids, ids, strict=False)
            first = next(
                (n for n, (ours, theirs) in enumerate(pairs) if ours != theirs), min(len(answer.ids), len(ids))
            )
            leads.append(answer.leads[min(first, len(answer.leads) - 1)])
    return Disagreement(len(reference), leads)


async def prove(slots: int, count: int, base_model: str | None, vllm_args: str) -> dict[str, Any]:
    """The figures for one vLLM all of whose `slots` adapter slots are taken."""
    async with bench_engine(slots, base_model, vllm_args) as running, LoadGenerator() as load:
        asked = _prompts(running, count, seed=1)
        beside = _prompts(running, count, seed=2)
        base, names = running.base.name, list(running.adapters)
        adapter_requests = [(names[n % slots], ids) for n, ids in enumerate(beside)]
        alone = await greedy_answers(running.completions, load, [(base, ids) for ids in asked], 1)
        control = await _beside(running, load, base, asked, [(base, ids) for ids in beside])
        mixed = await _beside(running, load, base, asked, adapter_requests)
        plain = await greedy_answers(running.completions, load, [(base, ids) for ids in beside], _CONCURRENCY)
        adapted = mixed[1]
        peft = await asyncio.to_thread(
            peft_answers, running.base.path, running.adapters, adapter_requests, MAX_TOKENS, _served_dtype(running)
        )
    return {
        "slots": slots,
        "base_beside_base": compare(alone, [answer.ids for answer in control[0]]).figures,
        "base_beside_adapters": compare(alone, [answer.ids for answer in mixed[0]]).figures,
        "adapters_against_peft": compare(adapted, peft).figures,
        "adapter_answers_unlike_base": sum(a.ids != b.ids for a, b in zip(adapted, plain, strict=True)),
    }


def _prompts(running: BenchEngine, count: int, seed: int) -> list[list[int]]:
    tokenizer = ChatTokenizer(running.base.path)
    system = Prompts()
    return [
        tokenizer.encode(
            render(question, system=system.rag if n % 3 else system.closed, passages=prompts.passages(n % 3, seed + n))
        )
        for n, question in enumerate(prompts.questions(count, seed))
    ]


async def greedy_answers(
    target: Target, load: LoadGenerator, requests: Sequence[tuple[str, list[int]]], concurrency: int
) -> list[Answer]:
    """The answers of vLLM's /v1/completions to (model, prompt) pairs, in their order."""
    bodies = [
        {
            "model": model,
            "prompt": ids,
            "max_tokens": MAX_TOKENS,
            "temperature": 0,
            "logprobs": 2,
            "return_token_ids": True,
            # A prefix cached by another phase would not be computed in this one, and could not go wrong in it.
            "cache_salt": f"{id(requests)}-{n}",
        }
        for n, (model, ids) in enumerate(requests)
    ]
    measured = await load.closed(target, bodies, concurrency)
    return [_answer(body["choices"][0]) for body in measured.answers]


async def _beside(
    running: BenchEngine,
    load: LoadGenerator,
    base: str,
    asked: Sequence[list[int]],
    others: Sequence[tuple[str, list[int]]],
) -> tuple[list[Answer], list[Answer]]:
    """The base model's answers, and those of the requests that went in between."""
    requests = [request for ids, other in zip(asked, others, strict=True) for request in ((base, ids), other)]
    answers = await greedy_answers(running.completions, load, requests, _CONCURRENCY)
    return answers[::2], answers[1::2]


def _answer(choice: dict[str, Any]) -> Answer:
    leads = []
    for best in choice["logprobs"]["top_logprobs"]:
        first, second = sorted(best.values(), reverse=True)[:2] if len(best) > 1 else (0.0, -1e9)
        leads.append(first - second)
    return Answer(choice["token_ids"], leads)


def _served_dtype(running: BenchEngine) -> str:
    words = command(running.settings, running.base, 0)
    return words[len(words) - words[::-1].index("--dtype")] if "--dtype" in words else "auto"


def main(
    count: Annotated[int, typer.Option(help="Prompts for each comparison.")] = 200,
    slots: Annotated[list[int] | None, typer.Option(help="Values of --max-loras to try.")] = None,
    base_model: Annotated[str | None, typer.Option(help="A model folder in place of the built-in one.")] = None,
    vllm_args: Annotated[str, typer.Option(help="More arguments for vLLM.")] = "",
) -> None:
    """Compare base answers beside adapters with base answers beside base, and adapters with PEFT.

    Example: python -m crossover.eval.bench.lora_parity --count 200 --slots 4 --slots 1
    """
    with tidy_on_sigterm():
        figures = [asyncio.run(prove(number, count, base_model, vllm_args)) for number in slots or [4, 1]]
    path = record.write("prove", "lora", {"near_tie": NEAR_TIE, "runs": figures})
    table = Table("slots", "comparison", "n", "differ", "of these near ties", "largest lead")
    for run in figures:
        for name in ("base_beside_base", "base_beside_adapters", "adapters_against_peft"):
            row = run[name]
            cells = (run["slots"], name.replace("_", " "), *(row[key] for key in row))
            table.add_row(*(str(cell) for cell in cells))
    console = Console()
    console.print(table)
    console.print(f"Adapter answers unlike the base model's: {[run['adapter_answers_unlike_base'] for run in figures]}")
    console.print(str(path))
    wrong = [run for run in figures if not _holds(run)]
    raise typer.Exit(1 if wrong else 0)


def _holds(run: dict[str, Any]) -> bool:
    """No more base answers differ than beside base, PEFT agrees on 99 %, and every difference is a near tie."""
    rows = [run["base_beside_base"], run["base_beside_adapters"], run["adapters_against_peft"]]
    tied = all(row["differ"] == row["near_ties"] for row in rows)
    return bool(tied and rows[1]["differ"] <= rows[0]["differ"] and rows[2]["differ"] <= 0.01 * rows[2]["n"])


if __name__ == "__main__":
    typer.run(main)
