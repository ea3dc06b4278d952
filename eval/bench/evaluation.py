"""What an evaluation costs beside the generation in it, and how fast answers are scored again.

python -m crossover.eval.bench.evaluation               writes build/bench/evaluation.json

A run asks over HTTP, searches, notes features and writes every answer to the disk; raw vLLM is asked for the same
prompts alone. Scoring is measured on answers made by hand, beside ragas' own loop over the same metrics.
"""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.prompt import Prompts, render
from crossover.eval import arms, scoring
from crossover.eval.bench import prompts, record
from crossover.eval.bench.engine import BenchEngine, bench_engine, gateway
from crossover.eval.bench.load import LoadGenerator
from crossover.eval.bench.made_runs import make_runs
from crossover.eval.bench.ragas_peer import ragas_loop
from crossover.eval.client import Client
from crossover.eval.money.prices import load_prices
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.report.build import build
from crossover.eval.runs import AskOptions, ask
from crossover.eval.serving import tidy_on_sigterm
from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder
from crossover.server.settings import load as load_settings

_PAGES = 200
_MAX_TOKENS = 32
_NUMBER = re.compile(r"^\d+")
Figures = dict[str, list[float]]


class Runs:
    """Runs and raw generation in turns; each turn's questions differ in a number, so that no prompt is cached.

    Args:
        running: vLLM.
        url: of a Crossover server in front of it.
        size: questions, each asked of `base` and `rag`.
    """

    def __init__(self, running: BenchEngine, url: str, size: int, concurrency: int) -> None:
        self._running = running
        self._url = url
        self._concurrency = concurrency
        self._questions = prompts.questions(size)
        self._tokenizer = ChatTokenizer(running.base.path)
        self._turn = 0
        self.figures: Figures = {}

    async def round(self, n: int) -> None:
        """A run, and the same prompts alone; every other round the other way round."""
        for turn in ("run", "raw")[:: 1 if n % 2 else -1]:
            await (self._run() if turn == "run" else self._raw())

    async def _run(self) -> None:
        questions = QuestionSet("bench", tuple(Question(q, q, ("x",), "all", q, ("page-0",)) for q in self._asked()))
        options = AskOptions(self._concurrency, _MAX_TOKENS)
        chosen = arms.resolve(["base", "rag"])
        with tempfile.TemporaryDirectory() as folder:
            async with Client(self._url, self._concurrency) as client:
                state = await client.state()
                started = time.perf_counter()
                await ask(questions, chosen, Path(folder), client, state, options, lambda _: None)
                self._note("run", time.perf_counter() - started, 2 * len(questions))
            evaluation = scoring.load([Path(folder)])
        tokens = sum(row["usage"]["prompt_tokens"] for run in evaluation.runs for row in run.rows)
        self.figures.setdefault("run: prompt tokens", []).append(tokens)

    async def _raw(self) -> None:
        asked = self._asked()
        async with Client(self._url, self._concurrency) as client:
            found = [await client.search(question, self._running.base.passages) for question in asked]
        messages = [render(question, system=Prompts().closed) for question in asked] + [
            render(question, system=Prompts().rag, passages=[(each["title"], each["text"]) for each in passages])
            for question, passages in zip(asked, found, strict=True)
        ]
        sampling = {"model": self._running.base.name, "max_tokens": _MAX_TOKENS, "temperature": 0}
        bodies = [{"prompt": self._tokenizer.encode(each), **sampling} for each in messages]
        async with LoadGenerator() as load:
            measured = await load.closed(self._running.completions, bodies, self._concurrency)
        self._note("raw", measured.seconds, len(bodies))
        tokens = sum(answer["usage"]["prompt_tokens"] for answer in measured.answers)
        self.figures.setdefault("raw: prompt tokens", []).append(tokens)

    def _asked(self) -> list[str]:
        """The questions under new numbers of six digits."""
        self._turn += 1
        rng = random.Random(self._turn)
        return [_NUMBER.sub(str(rng.randrange(100_000, 1_000_000)), question) for question in self._questions]

    def _note(self, name: str, seconds: float, answers: int) -> None:
        self.figures.setdefault(f"{name}: seconds", []).append(seconds)
        self.figures.setdefault(f"{name}: answers/s", []).append(answers / seconds)


async def asking(rounds: int, size: int, concurrency: int) -> Figures:
    """Runs beside raw generation."""
    pages = [Document(f"page-{n}", title, text) for n, (title, text) in enumerate(prompts.passages(_PAGES))]
    async with bench_engine(1) as running:
        with gateway(running, pages) as (url, _):
            runs = Runs(running, url, size, concurrency)
            await runs.round(0)
            runs.figures.clear()  # the first one warmed up
            for n in range(rounds):
                await runs.round(n)
    pairs = zip(runs.figures["run: seconds"], runs.figures["raw: seconds"], strict=True)
    return runs.figures | {"run / raw wall time": [run / raw for run, raw in pairs]}


def rescoring(rounds: int, answers: int) -> Figures:
    """Scoring so many answers of five arms, beside ragas' loop over the same ones."""
    figures: Figures = {}
    embed = Embedder.of(load_settings()).queries
    with tempfile.TemporaryDirectory() as folder:
        make_runs(Path(folder), answers)
        for _ in range(rounds):
            started = time.perf_counter()
            evaluation = scoring.load([Path(folder)])
            loaded = time.perf_counter()
            build(evaluation, load_prices(), None)
            built = time.perf_counter()
            build(evaluation, load_prices(), embed)
            with_ragas = time.perf_counter() - built
            before = time.perf_counter()
            ragas_loop(evaluation, embed)
            for name, seconds in {
                "read and score": loaded - started,
                "report without ragas' metrics": built - loaded,
                "report with ragas' metrics": with_ragas,
                "our metrics, all in all": loaded - started + with_ragas,
                "ragas' own loop over its metrics": time.perf_counter() - before,
            }.items():
                figures.setdefault(f"{answers} answers: {name}, seconds", []).append(seconds)
    return figures


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds.")] = 5,
    size: Annotated[int, typer.Option(min=8, help="Questions of a run.")] = 400,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 32,
    answers: Annotated[int, typer.Option(min=100, help="Answers to score again.")] = 10_000,
    scorings: Annotated[int, typer.Option(min=1, help="Rounds of scoring.")] = 3,
) -> None:
    """Measure runs beside raw generation, and scoring beside ragas' loop.

    Example: python -m crossover.eval.bench.evaluation --rounds 5
    """
    with tidy_on_sigterm():
        figures: dict[str, Any] = {name: record.spread(v) for name, v in rescoring(scorings, answers).items()}
        asked = asyncio.run(asking(rounds, size, concurrency))
    figures |= {name: record.spread(values) for name, values in asked.items()}
    path = record.write("bench", "evaluation", {"rounds": rounds, "size": size, "concurrency": concurrency, **figures})
    table = Table("measured", "median", "least", "greatest", title=f"{rounds} rounds, concurrency {concurrency}")
    for name, values in figures.items():
        table.add_row(name, *(f"{value:.2f}" for value in values.values()))
    console = Console()
    console.print(table)
    console.print(str(path))


if __name__ == "__main__":
    typer.run(main)
