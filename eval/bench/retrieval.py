"""How well passages are found: Crossover, LlamaIndex's default pipeline, meaning alone, words alone; same vectors.

python -m crossover.eval.bench.retrieval              writes build/bench/retrieval.json

SQuAD's paragraphs are one corpus, XQuAD's one a language. Every other article chose the constants, the others
judge; both are shown. Each passage has at most 256 tokens.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from crossover.eval.bench import record
from crossover.eval.bench.llama_index_retrieval import llama_index
from crossover.eval.bench.retrieval_constants import dense_weights, relevance_rows, told_apart
from crossover.eval.bench.retrieval_sets import Asked, Half, RememberingEmbedder, RetrievalSet, load_sets
from crossover.eval.permutation import Scores
from crossover.eval.statistics import compare, estimate
from crossover.indexer.embedding import Embedder, sparse_query
from crossover.indexer.index import Index
from crossover.indexer.language import detect
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.versions import Versions

VECTORS = Path("build/bench/vectors")
_DEPTH = 10
HALVES: tuple[Half, Half] = ("choosing", "judging")
Search = Callable[[str, int], list[str]]


def measure(searches: Mapping[str, Search], questions: Sequence[Asked]) -> dict[str, dict[str, Scores]]:
    """Recall at 5 and reciprocal rank within 10 of each question, by search."""
    found: dict[str, dict[str, Scores]] = {}
    for name, search in searches.items():
        ranks = np.array([_rank(search(asked.text, _DEPTH), asked.document) for asked in questions])
        found[name] = {"recall@5": (ranks <= 5).astype(float), "mrr@10": np.where(ranks <= _DEPTH, 1 / ranks, 0.0)}
    return found


def _rank(documents: Sequence[str], right: str) -> float:
    return next((float(rank) for rank, each in enumerate(documents, start=1) if each == right), np.inf)


class Ours:
    """An index of a set, in a folder of its own, and the searches over it."""

    def __init__(self, one: RetrievalSet, embedder: Embedder, home: Path) -> None:
        settings = IndexerSettings.model_validate({"home": home})
        settings.index_home.mkdir(parents=True)
        self.index = Index(settings, Versions.embedded(settings), embedder)
        self.embedder = embedder
        self.index.add(one.documents)

    def crossover(self, query: str, k: int) -> list[str]:
        return [passage.document for passage in self.index.search(query, k)]

    def alone(self, side: int) -> Search:
        """One of the two searches of the same index: 0 by meaning, 1 by words."""

        def search(query: str, k: int) -> list[str]:
            version = self.index.version
            languages = version.manifest.snapshot.languages
            sparse = sparse_query(query, languages, detect(query, among=languages))
            hits = version.store.query(self.embedder.query(query), sparse, k, ())[side]
            return [hit.chunk.document for hit in hits]

        return search


def run(one: RetrievalSet, embedder: RememberingEmbedder, home: Path) -> dict[str, Any]:
    """All figures of one set."""
    ours = Ours(one, embedder, home)
    peer = llama_index(one.documents, embedder)
    embedder.queries([asked.text for asked in one.questions])
    embedder.save()
    searches: dict[str, Search] = {
        "Crossover": ours.crossover,
        "LlamaIndex": peer,
        "meaning alone": ours.alone(0),
        "words alone": ours.alone(1),
    }
    figures: dict[str, Any] = {"paragraphs": len(one.documents)}
    for half in HALVES:
        questions = [asked for asked in one.questions if asked.half == half]
        figures[half] = {"questions": len(questions), **_table(measure(searches, questions), questions)}
    figures["dense weights, choosing half"] = dense_weights(ours.index, one)
    figures["relevance"] = {half: told_apart(relevance_rows(ours.index, one, half)) for half in HALVES}
    ours.index.close()
    return figures


def _table(measured: Mapping[str, Mapping[str, Scores]], questions: Sequence[Asked]) -> dict[str, Any]:
    groups = [asked.document for asked in questions]  # questions about one paragraph stand or fall together
    ours = measured["Crossover"]
    arms: dict[str, Any] = {}
    for name, scores in measured.items():
        arms[name] = {}
        for metric, values in scores.items():
            mean = estimate(values, groups)
            arms[name][metric] = {"mean": mean.score, "interval": [mean.interval.low, mean.interval.high]}
            if name != "Crossover":
                ahead = compare(ours[metric], values, groups)
                arms[name][metric] |= {
                    "crossover_ahead": ahead.difference,
                    "ahead_interval": [ahead.interval.low, ahead.interval.high],
                    "p_value": ahead.p_value,
                }
    return {"arms": arms}


def _show(figures: Mapping[str, Any]) -> None:
    console = Console(width=150) if not sys.stdout.isatty() else Console()
    table = Table("set", "half", "questions", "arm", "recall@5", "ahead", "MRR@10", "ahead", title="Retrieval")
    for name, of_set in figures.items():
        for half in HALVES:
            for arm, scores in of_set[half]["arms"].items():
                cells = [cell for metric in ("recall@5", "mrr@10") for cell in _cells(scores[metric])]
                table.add_row(name, half, str(of_set[half]["questions"]), arm, *cells)
            table.add_section()
    console.print(table)
    table = Table("set", "half", "calibration error", "AUROC passage", "AUROC nothing there", title="Relevance")
    for name, of_set in figures.items():
        for half in HALVES:
            told = of_set["relevance"][half]
            table.add_row(name, half, *(f"{told[key]:.3f}" for key in ("calibration_error", "passage", "nothing")))
    console.print(table)


def _cells(score: Mapping[str, Any]) -> tuple[str, str]:
    ahead = ""
    if "crossover_ahead" in score:
        low, high = (100 * edge for edge in score["ahead_interval"])
        ahead = f"{100 * score['crossover_ahead']:+.1f} [{low:+.1f}, {high:+.1f}]"
    return f"{score['mean']:.3f}", ahead


def main() -> None:
    """Measure, show and write down."""
    try:
        sets = list(load_sets())
    except LookupError as error:
        sys.exit(f"error: {error}")
    embedder = RememberingEmbedder(VECTORS)
    with tempfile.TemporaryDirectory() as folder:
        figures = {one.name: run(one, embedder, Path(folder, one.name)) for one in sets}
    _show(figures)
    typer.echo(record.write("bench", "retrieval", figures))


if __name__ == "__main__":
    main()
