"""Does fine-tuning the retriever pay? Trained on one half of SQuAD's articles, judged by its gate on the other.

python -m crossover.eval.bench.retriever              writes build/bench/retriever.json
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crossover.eval.bench import record
from crossover.eval.bench.retrieval import VECTORS, Ours
from crossover.eval.bench.retrieval_sets import RememberingEmbedder, RetrievalSet, load_sets
from crossover.eval.statistics import compare
from crossover.indexer.training.fine_tuning import FineTuning
from crossover.indexer.training.retriever import train_retriever


def _write(one: RetrievalSet, half: str, folder: Path) -> Path:
    file = folder / f"{half}.jsonl"
    rows = [
        {"question": asked.text, "document": asked.document}  # the document is the group: one paragraph
        for asked in one.questions
        if asked.half == half
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def main(epochs: Annotated[int, typer.Option(min=1, help="How often to go through the questions.")] = 1) -> None:
    """Train, judge, show and write down."""
    try:
        squad = next(load_sets())
    except LookupError as error:
        sys.exit(f"error: {error}")
    embedder = RememberingEmbedder(VECTORS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = Ours(squad, embedder, folder / "home")
        embedder.queries([asked.text for asked in squad.questions])
        embedder.save()
        learnt, held_out = (_write(squad, half, folder) for half in ("choosing", "judging"))
        how = FineTuning(epochs=epochs)
        card = train_retriever(
            learnt, ours.index, folder, "squad", compare, held_out=held_out, how=how, tell=typer.echo
        )
        ours.index.close()
    for metric, found in card.metrics.items():
        typer.echo(f"{metric}: {found.before:.4f} -> {found.after:.4f}, p = {found.p_value:.4g}")
    typer.echo(f"{'promoted' if card.promoted else 'refused'} after {card.seconds:.0f} s of mining and training")
    typer.echo(record.write("bench", "retriever", {key: asdict(card)[key] for key in _SHOWN}))


_SHOWN = ("base", "learnt", "held_out", "groups", "how", "seconds", "metrics", "promoted")

if __name__ == "__main__":
    typer.run(main)
