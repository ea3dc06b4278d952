"""`crossover index calibrate|adopt|copy`: what is done to an index as a whole."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from crossover.indexer.cli import CommandContext, Json, Wait, app, own_index, show


@app.command(epilog="Example: [b]crossover index calibrate --json[/b]")
def calibrate(ctx: typer.Context, as_json: Json = False) -> None:
    """Measure how far the embedding model can be trusted beside words, in each language of the documents.

    Runs by itself for every model but the packaged one, whose weight ships with Crossover.
    """
    from crossover.indexer.console import print_trust
    from crossover.indexer.embedding import PACKAGED

    with own_index(ctx.obj, "calibrate") as index:
        found = index.calibrate()
    model = ctx.obj.settings.embedding or PACKAGED
    languages = {language: {**asdict(trust), "weight": trust.weight} for language, trust in found.items()}
    show(as_json, {"model": model, "languages": languages}, lambda: print_trust(model, found))


@app.command(epilog="Example: [b]crossover index adopt my_collection --url http://localhost:6333[/b]")
def adopt(
    ctx: typer.Context,
    collection: Annotated[str, typer.Argument(help="A collection that LlamaIndex's QdrantVectorStore wrote.")],
    url: Annotated[str, typer.Option("--url", help="The Qdrant server that holds it.")],
    api_key: Annotated[str | None, typer.Option("--api-key", envvar="QDRANT_API_KEY", help="Its key.")] = None,
    as_json: Json = False,
) -> None:
    """Index the documents in a LlamaIndex collection, under their ids, with their metadata; it stays as it is."""
    from crossover.indexer.console import print_report, progress_bar
    from crossover.indexer.llama_index import adopt as documents_of
    from crossover.indexer.vector_store.remote import connect

    with own_index(ctx.obj, "adopt") as index, progress_bar(quiet=as_json) as progress:
        report = index.add(documents_of(connect(url, api_key), collection), progress)
    show(as_json, asdict(report), lambda: print_report(report))


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
        raise RuntimeError(f"index copy: the server at {url} holds the index; stop it first")
    with progress_bar(quiet=as_json) as progress:
        report = copy_index(context.settings, to, wait=wait, progress=progress)
    show(as_json, asdict(report), lambda: print_copied(report))
