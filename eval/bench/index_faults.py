"""Nothing lost: `python -m crossover.eval.bench.index_faults` kills, crowds and hurries the index, and counts.

Three proofs on real processes and the real engine, with a tiny embedding model of random weights:
kill -9 at random moments while documents are added, changed and deleted, after which the next run must make the index
equal to a clean one, chunk for chunk; ten processes that index at once; questions while documents come and go.
"""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from crossover.eval.bench import record
from crossover.eval.bench.index_churn import churn
from crossover.eval.bench.tiny_embedder import build_tiny_embedder
from crossover.indexer import ingestion, rebuild
from crossover.indexer.errors import IndexLocked
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings

_DOCUMENTS, _CHANGES, _PROCESSES = 40, 12, 10
_SAME = 1e-5  # vectors of one text differ by rounding when it was embedded among others
_REBUILD_EVERY = 5  # runs, after which the settings name the other model


def kills(work: Path, models: list[Path], count: int, seed: int) -> dict[str, Any]:
    """Kill `count` runs; how many of the runs after them made the index equal to a clean one."""
    rng, docs = random.Random(seed), work / "docs"
    docs.mkdir(parents=True)
    for n in range(_DOCUMENTS):
        _write(docs, n, 0)
    started = time.perf_counter()
    _wait(_fork(_index, work / "home", models[0], docs))
    seconds = time.perf_counter() - started
    killed = torn = equal = rebuilding = run = 0
    differences: list[str] = []
    while killed < count:
        run += 1
        if run % _REBUILD_EVERY == 0:
            models = models[::-1]
        _change(docs, rng, run)
        pid = _fork(_index, work / "home", models[0], docs)
        time.sleep(rng.uniform(0, 1.2 * seconds))
        os.kill(pid, signal.SIGKILL)
        if _wait(pid) != -signal.SIGKILL:
            continue  # it was quicker
        killed += 1
        torn += _left_something(work / "home")
        rebuilding += run % _REBUILD_EVERY == 0
        began = time.perf_counter()
        found = _contents(work / "home", models[0], docs)
        seconds = 0.8 * seconds + 0.2 * (time.perf_counter() - began)  # as the machine is now
        shutil.rmtree(work / "clean", ignore_errors=True)
        difference = _difference(found, _contents(work / "clean", models[0], docs))
        equal += not difference
        differences += [f"kill {killed}: {difference}"] if difference else []
    return {
        "killed": killed,
        "with_leftovers": torn,
        "while_rebuilding": rebuilding,
        "equal_to_clean": equal,
        "differences": differences,
    }


def crowd(work: Path, model: Path, wait: float) -> dict[str, Any]:
    """Ten processes index ten folders at once; how many did, how many said who was there, how many failed."""
    for n in range(_PROCESSES):
        (work / f"docs{n}").mkdir(parents=True)
        for each in range(3):
            _write(work / f"docs{n}", 10 * n + each, 0)
    start = time.monotonic() + 1.0

    def run(n: int) -> None:
        time.sleep(max(0.0, start - time.monotonic()))
        try:
            with Index.open(_settings(work / "home", model), warm=False, wait=wait) as index:
                index.ingest_paths([work / f"docs{n}"])
        except IndexLocked as error:
            os._exit(3 if "in use by process" in str(error) else 1)

    codes = [_wait(pid) for pid in [_fork(run, n) for n in range(_PROCESSES)]]
    held = _contents(work / "home", model, None)
    return {
        "worked": codes.count(0),
        "said_who": codes.count(3),
        "failed": sum(code not in (0, 3) for code in codes),
        "documents": len(held["documents"]),
    }


def found(figures: dict[str, Any]) -> list[str]:
    """What was lost, or went wrong."""
    killed, asked = figures["kills"], figures["questions"]
    counted = ("errors", "mixed_versions", "not_whole", "lost", "deleted_seen")
    wrong = {
        "an index unlike a clean one after a kill": killed["equal_to_clean"] != killed["killed"],
        "a process that failed among ten": figures["ten_at_once"]["failed"],
        "one of ten that waited and did not work": figures["ten_that_wait"]["worked"] != _PROCESSES,
        **{f"questions: {name.replace('_', ' ')}": asked[name] for name in counted},
        "a store that is not whole": not asked["store_is_whole"],
    }
    return [what for what, is_so in wrong.items() if is_so]


def _write(docs: Path, n: int, version: int) -> None:
    parts = (f"## Part {part}\n\nPaper {n} has part {part} in version {version}.\n" for part in range(3))
    (docs / f"paper{n:03}.md").write_text(f"# Paper {n}\n\n" + "\n".join(parts), encoding="utf-8")


def _change(docs: Path, rng: random.Random, run: int) -> None:
    """Some files are added, changed, renamed and deleted."""
    for _ in range(_CHANGES):
        files = sorted(docs.iterdir())
        action = rng.choice(["add", "change", "change", "rename", "delete"])
        if action == "add" or len(files) < _DOCUMENTS // 2:
            _write(docs, rng.randrange(1000), run)
        elif action == "change":
            _write(docs, int(rng.choice(files).stem[5:].split("-")[0]), run)
        elif action == "rename":
            file = rng.choice(files)
            file.rename(file.with_name(f"{file.stem.split('-')[0]}-{run}.md"))
        else:
            rng.choice(files).unlink()


def _build(models: list[Path]) -> None:
    for n, model in enumerate(models):
        build_tiny_embedder(model, dimension=32 + 16 * n, seed=n)


def _settings(home: Path, model: Path) -> IndexerSettings:
    return IndexerSettings.model_validate({"home": home, "embedding_model": str(model)})


def _index(home: Path, model: Path, docs: Path | None, contents: Path | None = None) -> None:
    """What `crossover index DOCS --prune` does; afterwards everything that the index holds into a file."""
    with Index.open(_settings(home, model), warm=False) as index:
        index.rebuild()
        if docs:
            index.ingest_paths([docs], prune=True)
        if contents:
            records = [replace(each, version=1, indexed_at="") for each in index.documents()]
            stored = index.version.store.read([each.revision for each in records])
            held = {
                "documents": {each.id: repr(each) for each in records},
                "chunks": {each.chunk.id: repr((each.chunk, each.revision, each.sparse)) for each in stored},
                "vectors": {each.chunk.id: each.dense.tolist() for each in stored},
                "count": index.version.store.count(),
            }
            contents.write_text(json.dumps(held), encoding="utf-8")


def _contents(home: Path, model: Path, docs: Path | None) -> dict[str, Any]:
    """What an index holds after a run that nothing interrupts; empty where the run failed."""
    file = home.with_suffix(".json")
    file.unlink(missing_ok=True)
    _wait(_fork(_index, home, model, docs, file))
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def _difference(found: dict[str, Any], expected: dict[str, Any]) -> str:
    if not found or not expected:
        return "a run failed"
    for what in ("documents", "chunks", "count"):
        if found[what] != expected[what]:
            return f"{what} differ"
    apart = max(
        float(np.abs(np.subtract(vector, expected["vectors"][each])).max()) for each, vector in found["vectors"].items()
    )
    return "" if apart < _SAME else f"vectors differ by {apart}"


def _left_something(home: Path) -> bool:
    """Whether the killed run left revisions pending, or a version that is not whole."""
    from crossover.indexer.manifest import Manifest

    files = list((home / "index").glob("manifest*.json"))
    return len(files) != 1 or bool(Manifest(files[0]).snapshot.pending)


def _fork(work: Callable[..., object], *arguments: object) -> int:
    """A process of its own that does `work`; the imports are paid for once."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            logging.disable()
            work(*arguments)
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main(
    kill: Annotated[int, typer.Option(min=1, help="Runs to kill.")] = 50,
    minutes: Annotated[float, typer.Option(min=0, help="Of questions while documents come and go.")] = 5.0,
    seed: Annotated[int, typer.Option(help="Of the changes and the moments.")] = 1,
) -> None:
    """Kill, crowd and hurry the index, and count what it lost.

    Example: python -m crossover.eval.bench.index_faults --kill 50 --minutes 5
    """
    import llama_index.core.node_parser  # noqa: F401 - loaded before the forks
    import sentence_transformers  # noqa: F401

    ingestion._BATCH_CHUNKS = rebuild._BATCH_CHUNKS = 12  # several batches from a few documents
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        models = [work / "model-a", work / "model-b"]
        _wait(_fork(_build, models))  # not in this process: a fork of one that has computed may hang
        figures: dict[str, Any] = {"kills": kills(work / "kills", models, kill, seed)}
        figures["ten_at_once"] = crowd(work / "crowd", models[0], wait=0.0)
        figures["ten_that_wait"] = crowd(work / "queue", models[0], wait=120.0)
        figures["questions"] = churn(_settings(work / "churn", models[0]), 60 * minutes, seed)
    table = Table("proof", "figure", "value", title="The index under faults")
    for proof, values in figures.items():
        for name, value in values.items():
            table.add_row(proof, name, str(value))
    console = Console()
    console.print(table)
    console.print(str(record.write("prove", "index_faults", figures)))
    if faults := found(figures):
        console.print(f"[red]not as it should be: {', '.join(faults)}[/]")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
