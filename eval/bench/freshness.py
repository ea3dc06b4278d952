"""How soon a change can be found: one document of 5,000, through a running server.

python -m crossover.eval.bench.freshness        writes build/bench/freshness.json
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from crossover.eval.bench import record
from crossover.eval.serving import start, stop, tidy_on_sigterm
from crossover.indexer import readers
from crossover.server import live

_WORDS, _FOLDERS = 40, 50
_PATIENCE = 120.0  # seconds for the server to start, or a change to be found
_NO_ENGINE = "http://127.0.0.1:9"  # searching needs none


class Corpus:
    """Documents of random words, one of which is rewritten with a new word at each change."""

    def __init__(self, folder: Path, documents: int, seed: int) -> None:
        self._rng = random.Random(seed)
        self._words = ["".join(self._rng.choices("abcdefghijklmnop", k=self._rng.randint(3, 9))) for _ in range(5000)]
        self._files = [folder / f"part{n % _FOLDERS:02}" / f"page{n:05}.md" for n in range(documents)]
        self._changes = 0
        for file in self._files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._text(file, ""), encoding="utf-8")

    def change(self) -> tuple[Path, str]:
        """Rewrite one file; it, and the word that nothing else has."""
        self._changes += 1
        file, word = self._rng.choice(self._files), f"zyx{self._changes:04}"
        file.write_text(self._text(file, word), encoding="utf-8")
        return file, word

    def _text(self, file: Path, word: str) -> str:
        return f"# {file.stem}\n\n{word} {' '.join(self._rng.choices(self._words, k=_WORDS))}.\n"


def measure(url: str, corpus: Corpus, announce: Callable[[Path], object]) -> float:
    """Seconds from the moment after a file was written until the server finds its new word."""
    with httpx.Client(base_url=url, trust_env=False, timeout=_PATIENCE) as client:
        file, word = corpus.change()
        started = time.perf_counter()
        announce(file)
        while word not in str(client.get("/v1/search", params={"q": word, "k": 1}).json()["passages"]):
            if time.perf_counter() - started > _PATIENCE:
                raise RuntimeError(f"{file} was changed and not found in {_PATIENCE:g} s")
            time.sleep(0.02)
        return time.perf_counter() - started


def run(work: Path, documents: int, rounds: int) -> dict[str, list[float]]:
    """Seconds until found: posted to the server, by the `index` command over the folder, and by one that watches."""
    folder, home = work / "docs", work / "home"
    corpus = Corpus(folder, documents, seed=0)
    os.environ.update(CROSSOVER_VLLM_URL=_NO_ENGINE, CROSSOVER_HOME=str(home))
    index = [sys.executable, "-m", "crossover.server.cli", "index", str(folder)]
    subprocess.run(index, check=True)
    with (work / "server.log").open("wb") as log:
        server = start(home, "serve", "--port", "0", output=log)
        watcher: subprocess.Popen[bytes] | None = None
        try:
            url = _url(home)

            def post(file: Path) -> None:
                [document] = readers.read(file, file.relative_to(folder).as_posix(), folder.resolve())
                posted = {"documents": [asdict(document)]}
                httpx.post(f"{url}/v1/documents", json=posted, trust_env=False, timeout=_PATIENCE)

            figures: dict[str, list[float]] = {"posted": [], "index command": [], "--watch": []}
            for _ in range(rounds + 1):  # the first warms up
                figures["posted"].append(measure(url, corpus, post))
                figures["index command"].append(measure(url, corpus, lambda _: subprocess.run(index, check=True)))
            watcher = start(home, "index", str(folder), "--watch", output=log)
            figures["--watch"] = [measure(url, corpus, lambda _: None) for _ in range(rounds + 1)]
        finally:
            for process in filter(None, (watcher, server)):
                stop(process)
    return {name: values[1:] for name, values in figures.items()}


def _url(home: Path) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if server := live.find(home):
            return server.url
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


def main(
    documents: Annotated[int, typer.Option(min=1, help="In the index.")] = 5000,
    rounds: Annotated[int, typer.Option(min=1, help="Changes on each way.")] = 5,
) -> None:
    """Measure how soon a changed document can be found.

    Example: python -m crossover.eval.bench.freshness --documents 5000
    """
    with tidy_on_sigterm(), tempfile.TemporaryDirectory() as work:
        figures = {name: record.spread(values) for name, values in run(Path(work), documents, rounds).items()}
    table = Table("seconds until found", "median", "least", "greatest", title=f"One document of {documents} changed")
    for name, values in figures.items():
        table.add_row(name, *(f"{value:.2f}" for value in values.values()))
    console = Console()
    console.print(table)
    console.print(str(record.write("bench", "freshness", {"documents": documents, "rounds": rounds, **figures})))


if __name__ == "__main__":
    typer.run(main)
