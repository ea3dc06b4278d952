"""No answer lost, none twice: `python -m crossover.eval.bench.eval_kills` kills an evaluation run again and again.

`crossover eval run` is killed with -9 at random moments while it asks a real server, and started again. Afterwards
every question has one answer of each strategy, and what stood on the disk before a kill stands there unchanged.
Writes build/prove/eval_kills.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from crossover.eval.bench import prompts, record
from crossover.eval.bench.engine import bench_engine, gateway
from crossover.eval.run_log import read
from crossover.eval.serving import tidy_on_sigterm
from crossover.indexer.document import Document

_PAGES = 50
_ARMS = ("base", "rag")
_PARTS = (*_ARMS, "features", "retrieval")
_PATIENCE = 120.0  # seconds without a new answer, after which a run counts as stuck


def kills(home: Path, work: Path, count: int, size: int, seed: int) -> dict[str, Any]:
    """Kills `count` runs of one evaluation, lets the last one end, and counts.

    Args:
        home: of a running server.
        work: where questions and answers go.
        size: questions.

    Raises:
        RuntimeError: a run ended badly by itself, or got stuck.
    """
    rng, folder, questions = random.Random(seed), work / "out", work / "questions.jsonl"
    rows = [{"question": q, "references": ["x"], "relevant_documents": ["page-0"]} for q in prompts.questions(size)]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    step = len(_PARTS) * size // (count + 1)  # so that the work lasts for all kills
    torn = changed = 0
    held: dict[str, bytes] = {}
    for _ in range(count):
        run = _start(home, questions, folder)
        _wait_for(run, folder, _written(folder) + rng.randint(1, step))
        time.sleep(rng.uniform(0, 0.05))
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        files = {part: path.read_bytes() for part in _PARTS if (path := folder / f"{part}.jsonl").exists()}
        torn += any(not data.endswith(b"\n") for data in files.values())
        changed += sum(not files.get(part, b"").startswith(data) for part, data in held.items())
        held = {part: data[: data.rfind(b"\n") + 1] for part, data in files.items()}
    done = _start(home, questions, folder)
    if done.wait() != 0:
        raise RuntimeError(f"the run after the last kill ended with exit code {done.returncode}")
    ids = {part: [row["id"] for row in read(folder / f"{part}.jsonl")[1]] for part in _PARTS}
    return {
        "killed": count,
        "with_a_torn_line": torn,
        "rows_changed_by_resuming": changed,
        "questions": size,
        "answers": {part: len(found) for part, found in ids.items()},
        "twice": sum(len(found) - len(set(found)) for found in ids.values()),
        "lost": sum(size - len(set(found)) for found in ids.values()),
    }


def _start(home: Path, questions: Path, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(Path(sysconfig.get_path("scripts")) / "crossover"), "eval", "run", str(questions)]
    return subprocess.Popen(
        [*command, "--strategies", ",".join(_ARMS), "-o", str(folder), "--max-tokens", "16"],
        env={**os.environ, "CROSSOVER_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _written(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for part in _PARTS if (path := folder / f"{part}.jsonl").exists())


def _wait_for(run: subprocess.Popen[bytes], folder: Path, rows: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while _written(folder) < rows:
        if run.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the run did not get to {rows} rows: exit code {run.poll()}")
        time.sleep(0.005)


async def _prove(count: int, size: int, seed: int) -> dict[str, Any]:
    pages = [Document(f"page-{n}", title, text) for n, (title, text) in enumerate(prompts.passages(_PAGES))]
    async with bench_engine(1) as running:
        with gateway(running, pages) as (_, home):
            return await asyncio.to_thread(kills, home, home, count, size, seed)


def main(
    kill: Annotated[int, typer.Option(min=1, help="Runs to kill.")] = 30,
    size: Annotated[int, typer.Option(min=10, help="Questions, each asked of two strategies.")] = 500,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 1,
) -> None:
    """Kill an evaluation run again and again, and count what is lost or there twice.

    Example: python -m crossover.eval.bench.eval_kills --kill 30
    """
    with tidy_on_sigterm():
        figures = asyncio.run(_prove(kill, size, seed))
    console = Console()
    console.print(figures)
    console.print(str(record.write("prove", "eval_kills", figures)))
    if figures["lost"] or figures["twice"] or figures["rows_changed_by_resuming"]:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
