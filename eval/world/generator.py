"""The synthetic world: a company that exists nowhere else, its handbook in two editions, examples and questions.

What the slices tell apart: `stable` facts stand in documents and examples, `fresh` ones changed after training,
`new` ones came with later documents, `tacit` ones were only ever in the examples; `format` and `format+fresh` ask
for the house style; what `unanswerable` questions ask for is nowhere.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossover.eval.questions import Question
from crossover.eval.world.documents import write_pages
from crossover.eval.world.facts import Fact, Standing, draw_facts, draw_families
from crossover.eval.world.names import Names
from crossover.eval.world.questions import (
    Example,
    Wordings,
    draw_examples,
    draw_questions,
    draw_refusals,
)
from crossover.eval.world.size import SIZES, WHOLE, Grade, WorldSize


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


def generate(seed: int, size: WorldSize = SIZES["demo"], grade: Grade = WHOLE, census: int = 0) -> World:
    """The world of a seed and a size, always the same.

    Args:
        census: ask so many questions in each slice, more than a size allows: in other wordings about the same facts.

    Raises:
        WorldTooLarge: more names are needed than can be made up.
    """
    rng = random.Random(f"crossover world {seed}")
    names = Names(rng)
    families = draw_families(rng, names, size)
    facts = draw_facts(rng, names, families, size)
    wordings = Wordings(rng)
    trained = _taught(facts, grade.taught, seed)
    count = census or size.questions
    refused, unanswerable = draw_refusals(rng, facts, families, size, count)
    now = write_pages(facts, "v2", seed)
    indexed = _share(list(now), grade.indexed, seed)
    return World(
        seed=seed,
        facts=tuple(facts),
        before=write_pages(facts, "v1", seed),
        now={page: now[page] for page in indexed},
        examples=tuple(draw_examples(rng, wordings, trained, refused, size)),
        questions=tuple(draw_questions(rng, wordings, facts, unanswerable, count)),
    )


def _taught(facts: Sequence[Fact], share: float, seed: int) -> list[Fact]:
    """The same share of the facts of each standing that examples tell of."""
    told: tuple[Standing, ...] = ("stable", "fresh", "tacit")
    kept = {name for standing in told for name in _share([f.id for f in facts if f.standing == standing], share, seed)}
    return [fact for fact in facts if fact.id in kept]


def _share(names: Sequence[str], share: float, seed: int) -> list[str]:
    """Some of the names, in their order; drawn apart, so that the rest of a world stays as it is."""
    kept = set(random.Random(f"share {seed}").sample(names, round(share * len(names))))
    return [name for name in names if name in kept]


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
