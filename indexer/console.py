"""What the `index` commands show on a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

if TYPE_CHECKING:  # numpy and the engines are slow to import where a server does the work
    from crossover.indexer import ingestion
    from crossover.indexer.copying import CopyReport
    from crossover.indexer.document import DocumentRecord, IndexStatus, Passage
    from crossover.indexer.fusion import Candidate
    from crossover.indexer.ingestion import IngestionReport, ReportProgress
    from crossover.indexer.retriever import Trace
    from crossover.indexer.trust import Trust

_PREVIEW = 240  # characters of a passage


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[ReportProgress]:
    """A bar on stderr with documents, chunks a second and time left; nothing where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("indexing", total=None, rate="")
        started = time.perf_counter()

        def show(progress: ingestion.Progress) -> None:
            rate = progress.chunks / (time.perf_counter() - started)
            bar.update(
                task,
                description=escape(progress.document[-40:]),
                completed=progress.documents,
                total=progress.total,
                rate=f"{rate:.0f} chunks/s" if progress.chunks else "",
            )

        yield show


def print_report(report: IngestionReport, learned: Sequence[str] = ()) -> None:
    """Counts on stdout; what was left out, warnings, and the adapters that learned from what changed, on stderr."""
    errors = Console(stderr=True, soft_wrap=True)
    for skipped in report.skipped:
        errors.print(f"[yellow]skipped[/yellow] {escape(skipped.path)}: {escape(skipped.reason)}", highlight=False)
    for warning in report.warnings:
        errors.print(f"[yellow]warning[/yellow] {escape(warning)}", highlight=False)
    _print_learned(learned)
    counts = [
        (len(report.added), "added"),
        (len(report.updated), "updated"),
        (len(report.unchanged), "unchanged"),
        (len(report.deleted), "deleted"),
        (len(report.skipped), "skipped"),
    ]
    done = ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing to do"
    rate = f" ({report.chunks / report.seconds:.0f}/s)" if report.chunks and report.seconds else ""
    Console(soft_wrap=True).print(f"{done}; {report.chunks} chunks embedded{rate} in {report.seconds:.1f} s")


def print_deleted(document: str, learned: Sequence[str]) -> None:
    """What is gone, and where it is not."""
    _console().print(f"deleted {escape(document)}", highlight=False)
    _print_learned(learned)


def print_copied(report: CopyReport) -> None:
    """What was copied where, and how to use it."""
    _console().print(
        f"{report.documents} documents, {report.chunks} chunks ({report.sent} sent, the rest was there) in "
        f"{escape(report.collection)} at {escape(report.url)}; set CROSSOVER_QDRANT_URL={escape(report.url)} to use it",
        highlight=False,
    )


def print_documents(documents: Sequence[DocumentRecord], status: IndexStatus) -> None:
    """A table of the documents, and the index as a whole."""
    table = Table(
        Column("document", overflow="fold"),
        "title",
        "version",
        "indexed at",
        "chunks",
        "language",
        box=None,
        header_style="bold",
    )
    for record in documents:
        table.add_row(
            escape(record.id),
            escape(record.title),
            str(record.version),
            record.indexed_at,
            str(record.chunks),
            record.language,
        )
    console = _console()
    if documents:
        console.print(table)
    size = f", {status.bytes / 2**20:.1f} MiB" if status.bytes is not None else ""
    console.print(f"{status.documents} documents, {status.chunks} chunks{size}")
    console.print(f"version {status.version}, embedding model {escape(status.embedding)}", highlight=False)
    if status.setting != status.embedding:
        console.print(f"not yet built with {escape(status.setting)}, which the settings name", highlight=False)


def print_passages(passages: Sequence[Passage]) -> None:
    """The passages, numbered, each with its score (its relevance where that is known) and document."""
    console = _console()
    for n, passage in enumerate(passages, start=1):
        console.print(
            f"[b]{n}. {escape(passage.title)}[/b]  {passage.score:.3f}{_relevance(passage)}  "
            f"[cyan]{escape(passage.document)}[/cyan]" + (f" page {passage.page}" if passage.page else "")
        )
        preview = " ".join(passage.text.split())
        console.print(f"   {escape(preview[:_PREVIEW])}{'…' if len(preview) > _PREVIEW else ''}", highlight=False)
    if not passages:
        console.print("nothing found")


def print_trace(trace: Trace) -> None:
    """Every stage: language, weights, both searches, their fusion, the reranker, copies left out, relevance."""
    console = _console()
    console.print(
        f"language {trace.language} · weights: meaning {trace.weights.dense:.3g}, words {trace.weights.sparse:.3g} · "
        f"{trace.looked_at} chunks fused · reranker {escape(trace.reranker or 'none')}"
    )
    console.print(
        f"embedding {trace.embed_ms:.1f} ms, search {trace.search_ms:.1f} ms, reranking {trace.rerank_ms:.1f} ms"
    )
    table = Table(
        "",
        "score",
        "relevance",
        "by meaning",
        "by words",
        "fused",
        "reranked",
        Column("document", overflow="fold"),
        "passage",
        box=None,
        header_style="bold",
    )
    for n, candidate in enumerate(trace.candidates, start=1):
        passage = candidate.passage
        table.add_row(
            str(n),
            _number(passage.score),
            _number(passage.relevance),
            *_sides(candidate),
            _number(candidate.fused),
            _number(candidate.reranked),
            escape(passage.document),
            escape(passage.title),
        )
    console.print(table)
    places = {candidate.passage.chunk: n for n, candidate in enumerate(trace.candidates, start=1)}
    for each in trace.dropped:
        console.print(f"left out: {escape(each.document)}, a copy of {places[each.like]}", highlight=False)


def print_trust(model: str, found: Mapping[str, Trust]) -> None:
    """What the embedding model's similarities are worth, by language."""
    table = Table("language", "weight", "spread", "told apart by", "chunks", box=None, header_style="bold")
    for language, trust in sorted(found.items()):
        table.add_row(
            language, f"{trust.weight:.2f}", f"{trust.spread:.3f}", f"{trust.separation:.1f} spreads", str(trust.chunks)
        )
    console = _console()
    console.print(f"{escape(model)}: what a cosine of 1 is worth beside words")
    console.print(table if found else "too few chunks of any language")


def _print_learned(adapters: Sequence[str]) -> None:
    if adapters:
        Console(stderr=True, soft_wrap=True).print(
            f"[yellow]learned[/yellow] {escape(', '.join(adapters))}: trained on what changed here. What an adapter "
            "has learned is not unlearned with the document: train it again, or delete it",
            highlight=False,
        )


def _console() -> Console:
    """Stdout, wide where it is a file or a pipe: nobody wants 80 columns in there."""
    console = Console()
    return console if console.is_terminal else Console(width=200)


def _sides(candidate: Candidate) -> tuple[str, str]:
    passage = candidate.passage
    return _side(candidate.dense_rank, passage.dense), _side(candidate.sparse_rank, passage.sparse)


def _side(rank: int | None, score: float | None) -> str:
    return "-" if rank is None else f"#{rank} ({_number(score)})"


def _relevance(passage: Passage) -> str:
    return "" if passage.relevance is None else f"  relevance {passage.relevance:.2f}"


def _number(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"
