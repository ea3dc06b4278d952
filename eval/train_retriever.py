"""`crossover index train-retriever`: here, because its gate needs the statistics and the indexer knows none."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crossover.indexer import cli as index_cli

Json = Annotated[bool, typer.Option("--json", help="Print the card, for scripts.")]


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command("train-retriever", epilog="Example: [b]crossover index train-retriever asked.jsonl --name support[/b]")(
        train_retriever
    )


def train_retriever(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="JSONL: question, and passage (a text) or document (an id); perhaps group.",
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="What to call the retriever.")] = "retriever",
    held_out: Annotated[
        Path | None,
        typer.Option("--held-out", exists=True, dir_okay=False, help="Judge by these; else by a quarter of FILE."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, max=20, help="How often to go through the questions.")] = 1,
    as_json: Json = False,
) -> None:
    """Fine-tune the embedding model on questions and the passages that answer them.

    Only if the whole search, words included, then finds significantly more on held-out questions is it promoted,
    and the index built anew with it.
    """
    import json

    from crossover.eval.statistics import compare
    from crossover.indexer.console import progress_bar
    from crossover.indexer.training.fine_tuning import FineTuning
    from crossover.indexer.training.promoted import promote, promotion_file
    from crossover.indexer.training.retriever import train_retriever as train

    settings = ctx.obj.settings
    with index_cli.own_index(ctx.obj, "train-retriever") as index:
        card = train(
            file,
            index,
            settings.home,
            name,
            compare,
            model=settings.embedding,
            held_out=held_out,
            how=FineTuning(epochs=epochs),
            tell=lambda what: typer.echo(f"{what} ...", err=True),
        )
    if card.promoted and not settings.embedding_model:
        promote(settings.home, card.name, card.digest)
        with index_cli.own_index(ctx.obj, "train-retriever") as index, progress_bar(quiet=as_json) as progress:
            index.rebuild(progress)
    if as_json:
        typer.echo(json.dumps(asdict(card), ensure_ascii=False, indent=2))
        return
    for metric, found in card.metrics.items():
        typer.echo(f"{metric}: {found.before:.3f} -> {found.after:.3f} (p = {found.p_value:.3g})")
    asked = f"{card.held_out} held-out questions in {card.groups} groups"
    if card.promoted:
        use = f"to use it, set CROSSOVER_EMBEDDING_MODEL={card.folder}"  # now another one is set
        back = f"to go back, delete {promotion_file(settings.home)}"
        typer.echo(f"promoted: finds more on {asked}; {use if settings.embedding_model else back}")
    else:
        typer.echo(f"not promoted: no significant gain on {asked}; kept in {card.folder}")
