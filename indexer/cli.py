"""`crossover index`: files into the index, and what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

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
    from crossover.indexer import collection_commands  # noqa: F401 - its commands register themselves

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
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if anything could not be read.")] = False,
    fields: Annotated[
        str,
        typer.Option("--map", metavar="text=FIELD,title=FIELD", help="What id, title, text, link are called in JSON."),
    ] = "",
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where to read and embed: in this process, or on a Ray cluster.")
    ] = "local",
    wait: Wait = 0.0,
    as_json: Json = False,
) -> None:
    """Index files and folders; what has not changed is left alone, and what cannot be read is reported."""
    from crossover.indexer.console import print_report, progress_bar
    from crossover.indexer.sources import collect

    context: CommandContext = ctx.obj
    settings = context.settings
    if fields:
        settings = settings.model_copy(update={"document_fields": _parse_map(fields)})
    files = collect(paths)  # a wrong path leaves not even an empty index behind
    with _open(context, settings, wait=wait) as index, progress_bar(quiet=as_json) as progress:
        options: dict[str, Any] = {"pruned": files if prune or watch else None, "progress": progress}
        if engine != "local":
            _require_own(index, "--engine ray")
            options["engine"] = engine
        index.rebuild(progress)
        report = index.ingest_files(files, **options)
    learned = context.trained_on([*report.updated, *report.deleted])
    if watch:
        from crossover.indexer.watching import follow, tell

        tell(report, learned, as_json=as_json)
        with suppress(KeyboardInterrupt):
            follow(paths, lambda: _open(context, settings, wait=wait), context.trained_on, as_json=as_json)
        return
    show(as_json, {**asdict(report), "trained_on": learned}, lambda: print_report(report, learned))
    if strict and report.skipped:
        raise typer.Exit(1)


@app.command(epilog="Example: [b]crossover index status --json[/b]")
def status(ctx: typer.Context, wait: Wait = 0.0, as_json: Json = False) -> None:
    """Show which documents are indexed, in which version, since when, and the index as a whole."""
    from crossover.indexer.console import print_documents

    with _open(ctx.obj, wait=wait) as index:
        documents, summary = index.documents(), index.status()
    found = {**asdict(summary), "documents": [asdict(record) for record in documents]}
    show(as_json, found, lambda: print_documents(documents, summary))


@app.command(epilog='Example: [b]crossover index search "How do I reset my badge?" -k 3[/b]')
def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="A question, or words to look for.")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 5,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Only documents of this id or source; * stands for anything.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="Only documents with this metadata: KEY=VALUE.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show every stage and how each score came about.")] = False,
    as_json: Json = False,
) -> None:
    """Find the passages that fit a question best."""
    from crossover.indexer.console import print_passages, print_trace
    from crossover.indexer.filters import parse_filter

    only = parse_filter(source or (), where or ())
    with _open(ctx.obj, warm=True) as index:
        trace = index.explain(query, k, only)
    found: dict[str, Any] = {"query": query, "passages": [asdict(passage) for passage in trace.passages]}
    if explain:
        show(as_json, {**found, "trace": asdict(trace)}, lambda: print_trace(trace))
    else:
        show(as_json, found, lambda: print_passages(trace.passages))


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
    show(as_json, {"deleted": document, "trained_on": learned}, lambda: print_deleted(document, learned))


def _open(
    context: CommandContext, settings: IndexerSettings | None = None, *, warm: bool = False, wait: float = 0.0
) -> Index | ServedIndex:
    """The index itself, or the server that holds it."""
    settings = settings or context.settings
    url = context.live_server()
    if url:
        from crossover.indexer.served import ServedIndex

        return ServedIndex(url, settings.reading)
    from crossover.indexer.index import Index

    return Index.open(settings, warm=warm, wait=wait)


def _parse_map(pairs: str) -> dict[str, str]:
    """The field map of `text=body,title=name`."""
    fields = {}
    for pair in pairs.split(","):
        meaning, _, field = (part.strip() for part in pair.partition("="))
        if meaning not in ("id", "title", "text", "link") or not field:
            raise ValueError(f"--map {pair!r}: write id, title, text or link, = and the field, such as text=body")
        fields[meaning] = field
    return fields


def own_index(context: CommandContext, what: str) -> Index:
    """The index itself, for commands that a server does not do.

    Raises:
        RuntimeError: a server holds the index.
    """
    if url := context.live_server():
        raise RuntimeError(f"index {what}: the server at {url} holds the index; stop it first")
    from crossover.indexer.index import Index

    return Index.open(context.settings, warm=False)


def _require_own(index: Index | ServedIndex, what: str) -> None:
    from crossover.indexer.served import ServedIndex

    if isinstance(index, ServedIndex):
        raise RuntimeError(f"{what}: the server at {index.url} holds the index and embeds by itself; stop it first")


def show(as_json: bool, document: object, otherwise: Callable[[], None]) -> None:
    """The document as JSON, or what people read instead."""
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        otherwise()
