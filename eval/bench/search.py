"""How long a question waits for its passages in a large index, at rest and while documents are indexed.

python -m crossover.eval.bench.search                writes build/bench/search.json

The stored vectors are random, for real ones would take hours; texts, the question's vector, the
search, and the documents indexed meanwhile are real. The index is kept in build/bench for the next run.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from unittest import mock

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from crossover.eval.bench import record, texts
from crossover.indexer.document import Document
from crossover.indexer.embedding import Vectors
from crossover.indexer.embedding.local import LocalModel
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings

_CHUNKS_A_DOCUMENT = 10
_SENTENCES = 5  # of a chunk: about 100 tokens
_DIMENSION = 384
_WARM_UP = 50  # questions that are not counted


def built(chunks: int) -> IndexerSettings:
    """The settings of an index of so many chunks, built with random vectors unless an earlier run left it."""
    home = Path("build") / "bench" / f"search-{chunks}"
    settings = IndexerSettings.model_validate({"home": home})
    with mock.patch.object(LocalModel, "documents", _random_vectors), Index.open(settings) as index:
        index.add(_documents(chunks // _CHUNKS_A_DOCUMENT))
    return settings


def _random_vectors(_: LocalModel, passages: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
    rng = np.random.default_rng(len(passages[0]))
    vectors = rng.standard_normal((len(passages), _DIMENSION), dtype=np.float32)
    yield list(range(len(passages))), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _documents(count: int) -> Iterator[Document]:
    """Documents of a section a chunk, always the same ones."""
    sentences = texts.zipf_sentences(random.Random(7))
    for n in range(count):
        sections = (
            f"## Part {part}\n\n" + " ".join(next(sentences) for _ in range(_SENTENCES))
            for part in range(_CHUNKS_A_DOCUMENT)
        )
        yield Document(f"built/{n}", f"Document {n}", "\n\n".join(sections), language="en")


def latencies(index: Index, count: int, seed: int) -> list[float]:
    """Milliseconds from a question to its passages; no question is asked twice."""
    sentences = texts.zipf_sentences(random.Random(seed))
    measured = []
    for _ in range(count):
        question = " ".join(next(sentences).split()[:10])
        started = time.perf_counter()
        index.search(question, k=5)
        measured.append(1e3 * (time.perf_counter() - started))
    return measured


@contextmanager
def indexing(index: Index) -> Iterator[Callable[[], bool]]:
    """Documents, ever new ones, embedded for real and indexed meanwhile; whether that still goes on."""
    stop = threading.Event()

    def endless() -> Iterator[Document]:
        for n, passage in enumerate(texts.passages(100_000, seed=int(time.time()))):
            if stop.is_set():
                return
            yield Document(f"meanwhile/{n % 2000}/{n}", f"New {n}", passage)

    running = threading.Thread(target=lambda: index.add(endless()))
    running.start()
    try:
        time.sleep(3)  # until the first batch is embedded
        yield running.is_alive
    finally:
        stop.set()
        running.join()


def quantiles(measured: Sequence[float]) -> dict[str, float]:
    """Median, tails and greatest."""
    p50, p95, p99 = np.percentile(measured, (50, 95, 99))
    return {"p50": round(p50, 2), "p95": round(p95, 2), "p99": round(p99, 2), "max": round(max(measured), 2)}


def main(
    chunks: Annotated[int, typer.Option(min=100, help="Chunks in the index.")] = 200_000,
    questions: Annotated[int, typer.Option(min=10, help="Questions in a round.")] = 500,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, each at rest and while indexing.")] = 5,
) -> None:
    """Measure the time from a question to its passages.

    Example: python -m crossover.eval.bench.search --chunks 200000
    """
    settings = built(chunks)
    rest: list[float] = []
    busy: list[float] = []
    stages: list[float] = []
    with Index.open(settings) as index:
        latencies(index, _WARM_UP, seed=0)
        for n in range(rounds):
            rest += latencies(index, questions, seed=2 * n + 1)
            with indexing(index) as going_on:
                busy += latencies(index, questions, seed=2 * n + 2)
                if not going_on():
                    raise RuntimeError("the index run ended before the questions did")
        for n in range(_WARM_UP):
            trace = index.explain(f"marrow wheel number {n}", 5)
            stages.append(trace.embed_ms)
    figures: dict[str, Any] = {
        "at rest, ms": quantiles(rest),
        "while indexing, ms": quantiles(busy),
        "of which the question's vector, ms": quantiles(stages),
    }
    figures["while indexing / at rest, p50"] = round(
        figures["while indexing, ms"]["p50"] / figures["at rest, ms"]["p50"], 2
    )
    path = record.write("bench", "search", {"chunks": chunks, "questions": questions, "rounds": rounds, **figures})
    table = Table("measured", "p50", "p95", "p99", "max", title=f"{chunks} chunks, {rounds} x {questions} questions")
    for name, value in figures.items():
        table.add_row(name, *map(str, value.values() if isinstance(value, dict) else [value]))
    console = Console()
    console.print(table)
    console.print(str(path))


if __name__ == "__main__":
    typer.run(main)
