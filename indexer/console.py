"""What the `index` commands show on a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
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
    from crossover.indexer.ingestion import IngestionReport, ReportProgress
    from crossover.indexer.retriever import Candidate, Trace

_SHOWN = 20  # skipped files; the rest is counted
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
    for skipped in report.skipped[:_SHOWN]:
        errors.print(f"[yellow]skipped[/yellow] {escape(skipped.path)}: {escape(skipped.reason)}", highlight=False)
    if len(report.skipped) > _SHOWN:
        errors.print(f"[yellow]skipped[/yellow] {len(report.skipped) - _SHOWN} more", highlight=False)
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


def print_passages(passages: Sequence[Passage], *, explain: bool = False) -> None:
    """The passages, numbered, each with its score and document."""
    console = _console()
    for n, passage in enumerate(passages, start=1):
        console.print(
            f"[b]{n}. {escape(passage.title)}[/b]  {passage.score:.3f}  [cyan]{escape(passage.document)}[/cyan]"
        )
        if explain:
            console.print(f"   meaning {_number(passage.dense)} · words {_number(passage.sparse)}")
        preview = " ".join(passage.text.split())
        console.print(f"   {escape(preview[:_PREVIEW])}{'…' if len(preview) > _PREVIEW else ''}", highlight=False)
    if not passages:
        console.print("nothing found")


def print_trace(trace: Trace) -> None:
    """The passages as a table of ranks and scores on both sides."""
    console = _console()
    console.print(
        f"language {trace.language} · weights: meaning {trace.weights.dense:g}, words {trace.weights.sparse:g} · "
        f"embedding {trace.embed_ms:.1f} ms, search {trace.search_ms:.1f} ms"
    )
    table = Table(
        "",
        "score",
        "by meaning",
        "by words",
        Column("document", overflow="fold"),
        "passage",
        box=None,
        header_style="bold",
    )
    for n, candidate in enumerate(trace.candidates, start=1):
        passage = candidate.passage
        table.add_row(
            str(n), f"{passage.score:.3f}", *_sides(candidate), escape(passage.document), escape(passage.title)
        )
    console.print(table)


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


def _number(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"
