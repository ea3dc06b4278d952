"""What each choice of cutting is worth: headings in front, overlap, size of a chunk.

python -m crossover.eval.bench.chunking               writes build/bench/chunking.json

SQuAD: an article is one document, and a chunk is right that is of the question's article and holds an
accepted answer. FastAPI's tutorial: a chunk is right that is of the question's page. One choice is
changed at a time. Articles and pages are halved: what is best on the first half is what one would
choose, and the second half judges it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossover.eval.bench import record
from crossover.indexer import readers
from crossover.indexer.chunking import Chunker
from crossover.indexer.document import Chunk, Document
from crossover.indexer.embedding import Embedder, sparse_document, sparse_query
from crossover.indexer.vector_store import Hit, StoredChunk
from crossover.indexer.vector_store.edge import EdgeStore

_DATA = Path(os.environ.get("BENCH_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
_K, _WEIGHTS = 10, (1.0, 2.0)  # of the fusion: meaning once, words twice
_CANDIDATES = 50
_PAGES = {
    "How do I limit the length of a query parameter string?": "query-params-str-validations.md",
    "How can a background task run after the response has been sent?": "background-tasks.md",
    "Which middleware lets a browser on another origin call my API?": "cors.md",
    "How do I return a different HTTP status code when an item is missing?": "handling-errors.md",
    "How do I receive a file that a client uploads?": "request-files.md",
    "How do I serve static files such as images from a directory?": "static-files.md",
    "How do I store rows in a relational database?": "sql-databases.md",
    "How do I split a large application into several files?": "bigger-applications.md",
    "How do I run a dependency before every path operation of the app?": "dependencies/global-dependencies.md",
    "How do I hash passwords and hand out JWT tokens?": "security/oauth2-jwt.md",
}


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to cut: tokens of a chunk, tokens repeated from the chunk before, headings in front or not."""

    budget: int = 254
    overlap: int = 0
    headings: bool = True

    def __str__(self) -> str:
        return f"{self.budget} tokens, overlap {self.overlap}, {'with' if self.headings else 'without'} headings"


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its group (of which halves are made), and what tells a right chunk."""

    text: str
    group: str
    is_right: Callable[[Chunk], bool]


Row = dict[str, Any]
_VARIANTS = (Variant(), Variant(headings=False), Variant(overlap=32), Variant(budget=128), Variant(128, 32))


def squad(path: Path, articles: int, every: int) -> tuple[list[Document], list[Question]]:
    """The first articles as documents, and each n-th question that has an answer."""
    documents, questions = [], []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"][:articles]:
        title = article["title"].replace("_", " ")
        text = "\n\n".join(paragraph["context"] for paragraph in article["paragraphs"])
        documents.append(Document(title, title, text))
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                if not qa["is_impossible"]:
                    answers = [" ".join(answer["text"].split()) for answer in qa["answers"]]
                    questions.append(Question(qa["question"], title, _holds(title, answers)))
    return documents, questions[::every]


def _holds(document: str, answers: Sequence[str]) -> Callable[[Chunk], bool]:
    def is_right(chunk: Chunk) -> bool:
        text = " ".join(chunk.text.split())
        return chunk.document == document and any(answer in text for answer in answers)

    return is_right


def tutorial(folder: Path) -> tuple[list[Document], list[Question]]:
    """FastAPI's tutorial, and questions of ours, each with its page."""
    files = sorted(folder.rglob("*.md"))
    found = (each for file in files for each in readers.read(file, file.relative_to(folder).as_posix()))
    documents = [each for each in found if isinstance(each, Document)]
    return documents, [Question(text, page, _is_of(page)) for text, page in _PAGES.items()]


def _is_of(document: str) -> Callable[[Chunk], bool]:
    return lambda chunk: chunk.document == document


class Corpus:
    """Documents cut in one way, embedded and searchable.

    Args:
        documents: to cut.
        variant: how.
        embedder: makes the vectors.
        folder: for the store.
    """

    def __init__(self, documents: Iterable[Document], variant: Variant, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        self._store = EdgeStore(folder / "shard", lambda: embedder.dimension)
        chunker = Chunker(variant.budget - variant.overlap, embedder.count_tokens)
        chunks: list[Chunk] = []
        texts: list[str] = []
        for document in documents:
            before: Chunk | None = None
            for chunk in chunker.chunk(document, str(variant)):
                text = chunker.embedded_text(document.title, chunk) if variant.headings else chunk.text
                if variant.overlap and before is not None and before.heading == chunk.heading:
                    repeated = _tail(before.text, variant.overlap, embedder)
                    text = f"{text.removesuffix(chunk.text)}{repeated} {chunk.text}"
                chunks.append(chunk)
                texts.append(text)
                before = chunk
        self.tokens = sorted(embedder.count_tokens(text) for text in texts)
        vectors = embedder.documents(texts)
        self._store.upsert(
            [
                StoredChunk(chunk, "1", vector, sparse_document(text, "en"))
                for chunk, text, vector in zip(chunks, texts, vectors, strict=True)
            ]
        )

    def ranks(self, questions: Sequence[Question]) -> dict[str, list[int]]:
        """The rank of the first right chunk, 0 for none among the candidates, by meaning, by words and by both."""
        found: dict[str, list[int]] = {"meaning": [], "words": [], "both": []}
        for question, vector in zip(questions, self._embedder.queries([each.text for each in questions]), strict=True):
            sides = self._store.query(vector, sparse_query(question.text, ["en"]), _CANDIDATES, ())
            for name, hits in zip(found, (*sides, _fused(sides)), strict=True):
                right = (n for n, hit in enumerate(hits, 1) if question.is_right(hit.chunk))
                found[name].append(next(right, 0))
        return found

    def close(self) -> None:
        """Give back what the store holds."""
        self._store.close()


def _tail(text: str, tokens: int, embedder: Embedder) -> str:
    """The last whole words of a text that have at most so many tokens."""
    words = text.split()
    kept = min(len(words), tokens)
    while kept and embedder.count_tokens(" ".join(words[-kept:])) > tokens:
        kept -= 1
    return " ".join(words[-kept:]) if kept else ""


def _fused(sides: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Weighted reciprocal rank fusion."""
    scores: dict[str, float] = {}
    hits = {hit.chunk.id: hit for side in sides for hit in side}
    for side, weight in zip(sides, _WEIGHTS, strict=True):
        for rank, hit in enumerate(side, 1):
            scores[hit.chunk.id] = scores.get(hit.chunk.id, 0.0) + weight / (_K + rank)
    return [hits[each] for each in sorted(scores, key=lambda each: (-scores[each], each))]


def _figures(ranks: Sequence[int]) -> dict[str, float]:
    return {
        "recall_at_5": round(sum(0 < rank <= 5 for rank in ranks) / len(ranks), 4),
        "mrr_at_10": round(sum(1 / rank for rank in ranks if 0 < rank <= 10) / len(ranks), 4),
    }


def measure(name: str, documents: Sequence[Document], questions: Sequence[Question], embedder: Embedder) -> list[Row]:
    """A row for each variant: figures by half and by side."""
    groups = sorted({question.group for question in questions})
    chosen_on = set(groups[::2])
    rows = []
    for variant in _VARIANTS:
        with tempfile.TemporaryDirectory() as folder:
            corpus = Corpus(documents, variant, embedder, Path(folder))
            ranks = corpus.ranks(questions)
            corpus.close()
        halves = {
            half: {
                side: _figures(
                    [rank for rank, each in zip(found, questions, strict=True) if (each.group in chosen_on) is first]
                )
                for side, found in ranks.items()
            }
            for half, first in (("chosen on", True), ("judged on", False))
        }
        longest = {
            "chunks": len(corpus.tokens),
            "median_tokens": corpus.tokens[len(corpus.tokens) // 2],
            "most_tokens": corpus.tokens[-1],
        }
        rows.append({"corpus": name, "variant": str(variant), **longest, **halves})
    return rows


def show(rows: Sequence[Row]) -> None:
    """The table: recall at 5 and MRR at 10 of both searches together, by meaning alone in brackets."""
    table = Table("corpus", "variant", "chunks", "most tokens", "chosen on: R@5 MRR@10", "judged on: R@5 MRR@10")
    for row in rows:
        cells = [
            f"{row[half]['both']['recall_at_5']:.3f} {row[half]['both']['mrr_at_10']:.3f} "
            f"({row[half]['meaning']['recall_at_5']:.3f} {row[half]['meaning']['mrr_at_10']:.3f})"
            for half in ("chosen on", "judged on")
        ]
        table.add_row(row["corpus"], row["variant"], str(row["chunks"]), str(row["most_tokens"]), *cells)
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)


def main(
    articles: Annotated[int, typer.Option(help="How many of SQuAD's articles.")] = 8,
    every: Annotated[int, typer.Option(help="Ask each n-th of their questions.")] = 3,
) -> None:
    """Cuts, embeds and asks."""
    embedder = Embedder()
    rows = measure("SQuAD", *squad(_DATA / "squad" / "dev-v2.0-half.json", articles, every), embedder)
    rows += measure("FastAPI tutorial", *tutorial(_DATA / "docs_corpus" / "fastapi_en" / "tutorial"), embedder)
    show(rows)
    print(record.write("bench", "chunking", {"rows": rows}))


if __name__ == "__main__":
    typer.run(main)
