"""`crossover index`: files into the index, and what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from crossover.indexer.index import Index
    from crossover.indexer.served import ServedIndex
    from crossover.indexer.settings import IndexerSettings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")]
Wait = Annotated[
    float, typer.Option("--wait", min=0, metavar="SECONDS", help="How long to wait for another process to finish.")
]


class CommandContext(Protocol):
    """What the root command hands to these in `ctx.obj`."""

    @property
    def settings(self) -> IndexerSettings:
        """All settings, of which these commands see the indexer's."""

    def live_server(self) -> str | None:
        """The URL of a server that runs on this home and holds its index."""

    def trained_on(self, documents: Sequence[str]) -> list[str]:
        """The adapters that learned from any of these documents."""


class IndexGroup(TyperGroup):
    """`index docs/` is `index add docs/`; a folder named like a command is written `./status`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `add` in front of what is no command."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["add", *args]
        return list(super().parse_args(ctx, args))


app = typer.Typer(
    cls=IndexGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Index documents and search them: [b]crossover index docs/[/b] is short for [b]crossover index add docs/[/b].",
)


def register(root: typer.Typer) -> None:
    """Add the `index` commands to the root app."""
    root.add_typer(app, name="index")


@app.command(epilog="Example: [b]crossover index docs/ --prune[/b]")
def add(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files and folders; a document's id is its path in the folder.")],
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete documents of these folders whose files are gone.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on with every change and deletion in these paths, until Ctrl-C.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing if any file cannot be read.")] = False,
    wait: Wait = 0.0,
    as_json: Json = False,
) -> None:
    """Index files and folders; what has not changed since the last time is left alone."""
    from crossover.indexer.console import print_report, progress_bar
    from crossover.indexer.sources import readable_files, stale

    files = readable_files(paths, strict=strict)  # bad input leaves not even an empty index behind
    context: CommandContext = ctx.obj
    with _open(context, wait=wait) as index, progress_bar(quiet=as_json) as progress:
        index.rebuild(progress)
        report = index.ingest_files(files, progress)
        if prune or watch:
            report.deleted = index.delete_all(stale(files, index.documents()))
    learned = context.trained_on([*report.updated, *report.deleted])
    if not watch:
        _print(as_json, {**asdict(report), "trained_on": learned}, lambda: print_report(report, learned))
    else:
        from crossover.indexer.watching import follow, tell

        tell(report, learned, as_json=as_json)
        with suppress(KeyboardInterrupt):
            follow(paths, lambda: _open(context, wait=wait), context.trained_on, as_json=as_json)


@app.command(epilog="Example: [b]crossover index status --json[/b]")
def status(ctx: typer.Context, wait: Wait = 0.0, as_json: Json = False) -> None:
    """Show which documents are indexed, in which version, since when, and the index as a whole."""
    from crossover.indexer.console import print_documents

    with _open(ctx.obj, wait=wait) as index:
        documents, summary = index.documents(), index.status()
    found = {**asdict(summary), "documents": [asdict(record) for record in documents]}
    _print(as_json, found, lambda: print_documents(documents, summary))


@app.command(epilog='Example: [b]crossover index search "How do I reset my badge?" -k 3[/b]')
def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="A question, or words to look for.")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 5,
    explain: Annotated[bool, typer.Option("--explain", help="Show how each score came about.")] = False,
    as_json: Json = False,
) -> None:
    """Find the passages that fit a question best."""
    from crossover.indexer.console import print_passages, print_trace
    from crossover.indexer.index import Index

    with _open(ctx.obj, warm=True) as index:
        if isinstance(index, Index):
            trace = index.explain(query, k)
            passages = [candidate.passage for candidate in trace.candidates]
        else:
            trace, passages = None, index.search(query, k)
    found: dict[str, Any] = {"query": query, "passages": [asdict(passage) for passage in passages]}
    if explain and trace:
        _print(as_json, {**found, "trace": asdict(trace)}, lambda: print_trace(trace))
    else:  # a server says the scores of both sides, not its weights
        _print(as_json, found, lambda: print_passages(passages, explain=explain))


@app.command(epilog="Example: [b]crossover index delete handbook/travel.md[/b]")
def delete(
    ctx: typer.Context,
    document: Annotated[str, typer.Argument(help="The document's id, as `index status` shows it.")],
    wait: Wait = 0.0,
    as_json: Json = False,
) -> None:
    """Delete a document with all its passages; the file itself is left alone."""
    from crossover.indexer.console import print_deleted
    from crossover.indexer.errors import UnknownDocument

    context: CommandContext = ctx.obj
    with _open(context, wait=wait) as index:
        if not index.delete(document):
            raise UnknownDocument(f"{document}: no document of this id; `crossover index status` lists them")
    learned = context.trained_on([document])
    _print(as_json, {"deleted": document, "trained_on": learned}, lambda: print_deleted(document, learned))


@app.command(epilog="Example: [b]crossover index copy --to http://qdrant:6333[/b]")
def copy(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--to", help="The Qdrant server; CROSSOVER_QDRANT_COLLECTION names the collection.")
    ],
    wait: Wait = 0.0,
    as_json: Json = False,
) -> None:
    """Copy the embedded index to a Qdrant server without embedding again; run it again to go on or to follow up."""
    from crossover.indexer.console import print_copied, progress_bar
    from crossover.indexer.copying import copy_index

    context: CommandContext = ctx.obj
    if url := context.live_server():
        raise RuntimeError(f"the server at {url} holds the index; stop it while the index is copied")
    with progress_bar(quiet=as_json) as progress:
        report = copy_index(context.settings, to, wait=wait, progress=progress)
    _print(as_json, asdict(report), lambda: print_copied(report))


def _open(context: CommandContext, *, warm: bool = False, wait: float = 0.0) -> Index | ServedIndex:
    """The index itself, or the server that holds it."""
    url = context.live_server()
    if url:
        from crossover.indexer.served import ServedIndex

        return ServedIndex(url)
    from crossover.indexer.index import Index

    return Index.open(context.settings, warm=warm, wait=wait)


def _print(as_json: bool, document: object, otherwise: Callable[[], None]) -> None:
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        otherwise()
