"""Relations that hang on a verb (`who repaired the blue gate of …`): 200,000 and more, from patterns in verbal.txt.

A handful of fixed relations can be learnt by heart; these can't, so the reader learns to compare a question with
a sentence whatever it is about.
"""

from __future__ import annotations

from pathlib import Path

from crossover.adapters.base_model import words as w
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.events import VERBS
from crossover.adapters.base_model.lexicon import words
from crossover.adapters.base_model.relations import Relation


def _patterns() -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Kind of the value, statements, questions: a line each. {x} base form, {y} past, {z} participle, {n} the thing."""
    lines = (Path(__file__).parent / "verbal.txt").read_text(encoding="utf-8").splitlines()
    split = [tuple(line.split(" | ")) for line in lines]
    return tuple(zip(lines[::3], split[1::3], split[2::3], strict=True))


PATTERNS = _patterns()


def drawn(draw: Draw) -> Relation:
    """A relation made of a pattern, a verb and an ordinary thing."""
    kind, statements, questions = draw.pick(PATTERNS)
    verb = draw.pick(VERBS)
    thing = draw.pick(words()) if draw.chance(0.4) else draw.pick(w.NOUNS)
    if draw.chance(0.5):
        thing = f"{draw.pick(words()) if draw.chance(0.3) else draw.pick(w.ADJECTIVES)} {thing}"
    forms = {**verb.forms, "n": thing, "e": "{e}", "v": "{v}"}
    return Relation(
        f"{verb.base} {thing}",
        kind,
        (),
        tuple(text.format(**forms) for text in statements),
        tuple(text.format(**forms) for text in questions),
    )


def wordings() -> list[str]:
    """Every template with every verb, the thing masked as {v}."""
    masks = {"n": "{v}", "e": "{e}", "v": "{v}"}
    return [
        text.format(**verb.forms, **masks)
        for _, statements, questions in PATTERNS
        for text in (*statements, *questions)
        for verb in VERBS
    ]
