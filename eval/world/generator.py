"""The synthetic world: a company that exists nowhere else, its handbook in two editions, examples and questions.

What the slices tell apart: `stable` facts stand in documents and examples, `fresh` ones changed after training,
`new` ones came with later documents, `tacit` ones were only ever in the examples; `format` and `format+fresh` ask
for the house style; what `unanswerable` questions ask for is nowhere.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossover.eval.questions import Question
from crossover.eval.world.documents import write_pages
from crossover.eval.world.facts import Fact, draw_facts, draw_families
from crossover.eval.world.names import Names
from crossover.eval.world.questions import (
    Example,
    Wordings,
    draw_examples,
    draw_questions,
    draw_refusals,
)
from crossover.eval.world.size import SIZES, WorldSize


@dataclass(frozen=True, slots=True)
class World:
    """All of one world; the documents are Markdown by document id."""

    seed: int
    facts: tuple[Fact, ...]
    before: Mapping[str, str]  # the handbook when the examples were collected
    now: Mapping[str, str]  # the handbook when the questions are asked
    examples: tuple[Example, ...]
    questions: tuple[Question, ...]

    def write(self, folder: Path) -> None:
        """Write documents/v1, documents/v2, train.jsonl and, last, questions.jsonl into `folder`.

        Raises:
            OSError: the folder cannot be written.
        """
        for edition, pages in (("v1", self.before), ("v2", self.now)):
            for name, text in pages.items():
                _write(folder / "documents" / edition / name, text)
        _write(folder / "train.jsonl", _lines(asdict(example) for example in self.examples))
        _write(folder / "questions.jsonl", _lines(asdict(question) for question in self.questions))


def generate(seed: int, size: WorldSize = SIZES["demo"]) -> World:
    """The world of a seed and a size, always the same.

    Raises:
        WorldTooLarge: more names are needed than can be made up.
    """
    rng = random.Random(f"crossover world {seed}")
    names = Names(rng)
    families = draw_families(rng, names, size)
    facts = draw_facts(rng, names, families, size)
    wordings = Wordings(rng)
    trained = [fact for fact in facts if fact.standing in ("stable", "fresh", "tacit")]
    refused, unanswerable = draw_refusals(rng, facts, families, size)
    return World(
        seed=seed,
        facts=tuple(facts),
        before=write_pages(facts, "v1", seed),
        now=write_pages(facts, "v2", seed),
        examples=tuple(draw_examples(rng, wordings, trained, refused, size)),
        questions=tuple(draw_questions(rng, wordings, facts, unanswerable, size)),
    )


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
