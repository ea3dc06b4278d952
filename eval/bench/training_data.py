"""What the training benchmarks train on: a made-up company's examples, and the passages its index finds for them."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.examples import DataSet, Example
from crossover.adapters.training.sources import Retrieved
from crossover.eval.world.generator import generate

_CANDIDATES = 8
_HELD_OUT = 5  # every fifth example: mostly another wording of a fact that is trained


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Examples to train on, examples to validate on, and what the index finds for the questions of both."""

    train: DataSet
    validation: DataSet
    found: Mapping[str, Sequence[Retrieved]]

    def retrieve(self, question: str, k: int) -> Sequence[Retrieved]:
        """The k best passages."""
        return self.found[question][:k]


def write_training_data(file: Path, seed: int, examples: int | None = None) -> None:
    """The examples of the world of a seed, and their passages by the real index, into one JSON file.

    Args:
        examples: so many of them; None: all.
    """
    from crossover.indexer.index import Index
    from crossover.indexer.settings import IndexerSettings

    logging.getLogger("crossover").setLevel(logging.WARNING)
    world = generate(seed)
    rows = [(example.prompt, example.completion) for example in world.examples[:examples]]
    with tempfile.TemporaryDirectory(prefix="crossover-bench-") as folder:
        world.write(Path(folder) / "world")
        with Index.open(IndexerSettings.model_validate({"home": folder})) as index:
            index.ingest_paths([Path(folder) / "world" / "documents" / "v1"])
            found = {
                question: [(p.title, p.text, p.document, p.content_hash) for p in index.search(question, _CANDIDATES)]
                for question in sorted({question for question, _ in rows})
            }
    beside = file.with_suffix(".tmp")
    beside.parent.mkdir(parents=True, exist_ok=True)
    beside.write_text(json.dumps({"examples": rows, "found": found}), encoding="utf-8")
    beside.replace(file)


def read_training_data(file: Path) -> TrainingData:
    """What was written there."""
    held = json.loads(file.read_text(encoding="utf-8"))
    rows = [Example(question, answer) for question, answer in held["examples"]]
    kept = tuple(rows[::_HELD_OUT])
    rest = tuple(row for n, row in enumerate(rows) if n % _HELD_OUT)
    found = {question: [tuple(each) for each in passages] for question, passages in held["found"].items()}
    return TrainingData(DataSet("world", rest), DataSet("held out", kept), found)
