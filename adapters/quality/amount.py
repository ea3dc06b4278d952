"""Whether there are examples enough for what they shall teach."""

from __future__ import annotations

from collections.abc import Iterator

from crossover.adapters.examples import DataWarning
from crossover.adapters.quality.examined import Examined, key

ENOUGH = {"style": 30, "task": 200}
"""Different questions from which a style or a task is learnt, by experience; for facts a measurement tells."""
LEAST = 10
FACTS = "for facts `crossover eval learning-curve` measures what more of them give"


def find(examined: Examined) -> Iterator[DataWarning]:
    """One finding for all files together, where their different questions are too few for the aim."""
    if not any(source.examples for source in examined.sources):
        return
    questions, wanted = different_questions(examined), ENOUGH.get(examined.aim, LEAST)
    if questions < wanted:
        goal = f"a {examined.aim}" if examined.aim in ENOUGH else "any aim"
        expected = f"at least {wanted} for {goal}; {FACTS}"
        yield examined.sources[0].warn_file("question", f"{questions} different questions", expected, "few-examples")


def different_questions(examined: Examined) -> int:
    """How many questions the files hold, each counted once."""
    return len({key(example.question) for source in examined.sources for example in source.examples})
