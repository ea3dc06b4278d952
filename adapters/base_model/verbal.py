"""Relations that hang on a verb (`who repaired the blue gate of …`): some 200,000 of them from a few patterns.

A handful of fixed relations can be learnt by heart; these can't, so the reader learns to compare a question with
a sentence whatever it is about.
"""

from __future__ import annotations

from crossover.adapters.base_model import words as w
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.events import VERBS
from crossover.adapters.base_model.relations import Relation

# Kind of the value, statements, questions. {x} base form, {y} past, {z} participle, {n} the thing it is done to.
PATTERNS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "person",
        (
            "{v} {y} the {n} of {e}.",
            "The {n} of {e} was {z} by {v}.",
            "At {e}, {v} has to {x} the {n}.",
            "If {e} wants to {x} the {n}, {v} does it.",
            "{e} asked {v} to {x} the {n}.",
        ),
        (
            "Who {y} the {n} of {e}?",
            "By whom was the {n} of {e} {z}?",
            "Who has to {x} the {n} at {e}?",
            "Whom did {e} ask to {x} the {n}?",
        ),
    ),
    (
        "org",
        (
            "{e} lets {v} {x} the {n}.",
            "{v} will {x} the {n} for {e}.",
            "The {n} of {e} was {z} with the help of {v}.",
            "To {x} the {n}, {e} turned to {v}.",
        ),
        (
            "Which firm will {x} the {n} for {e}?",
            "With whose help was the {n} of {e} {z}?",
            "To whom did {e} turn to {x} the {n}?",
            "Who will {x} the {n} for {e}?",
        ),
    ),
    (
        "date",
        (
            "{e} will {x} the {n} on {v}.",
            "The {n} of {e} was {z} on {v}.",
            "On {v}, {e} {y} the {n}.",
            "{e} began to {x} the {n} on {v}.",
        ),
        (
            "When will {e} {x} the {n}?",
            "When was the {n} of {e} {z}?",
            "On which day was the {n} of {e} {z}?",
            "When did {e} begin to {x} the {n}?",
        ),
    ),
    (
        "year",
        ("{e} {y} the {n} in {v}.", "In {v} the {n} of {e} was {z}.", "Since {v}, the {n} of {e} has been {z}."),
        ("In which year was the {n} of {e} {z}?", "When did {e} {x} the {n}?", "What year was the {n} of {e} {z}?"),
    ),
    (
        "time",
        ("The {n} of {e} is {z} at {v}.", "At {v}, {e} starts to {x} the {n}.", "{e} may {x} the {n} from {v} on."),
        (
            "At what time is the {n} of {e} {z}?",
            "When does {e} start to {x} the {n}?",
            "From when may {e} {x} the {n}?",
        ),
    ),
    (
        "place",
        (
            "The {n} of {e} is {z} in {v}.",
            "{e} can {x} its {n} in {v}.",
            "It is in {v} that {e} {y} the {n}.",
            "Whoever wants to {x} the {n} of {e} must go to {v}.",
        ),
        (
            "Where is the {n} of {e} {z}?",
            "Where can {e} {x} its {n}?",
            "In which place did {e} {x} the {n}?",
            "Where must one go to {x} the {n} of {e}?",
        ),
    ),
    (
        "room",
        ("To {x} the {n}, {e} uses {v}.", "The {n} of {e} gets {z} in {v}.", "{v} is where {e} will {x} the {n}."),
        (
            "Where does the {n} of {e} get {z}?",
            "Which room does {e} use to {x} the {n}?",
            "Where will {e} {x} the {n}?",
        ),
    ),
    (
        "money",
        ("{e} paid {v} to {x} the {n}.", "To {x} the {n} of {e} costs {v}.", "The {n} of {e} was {z} for {v}."),
        (
            "How much did {e} pay to {x} the {n}?",
            "What does it cost to {x} the {n} of {e}?",
            "For how much was the {n} of {e} {z}?",
        ),
    ),
    (
        "quantity",
        ("It took {v} to {x} the {n} of {e}.", "{e} {y} the {n} within {v}.", "{e} needs {v} to {x} the {n}."),
        ("What did it take to {x} the {n} of {e}?", "How much does {e} need to {x} the {n}?"),
    ),
    (
        "phrase",
        (
            "{e} {y} the {n} with {v}.",
            "The {n} of {e} was {z} with {v}.",
            "With {v}, {e} can {x} the {n}.",
            "It takes {v} to {x} the {n} of {e}.",
            "{e} will need {v} to {x} the {n}.",
        ),
        (
            "With what was the {n} of {e} {z}?",
            "What did {e} {x} the {n} with?",
            "What will {e} need to {x} the {n}?",
            "What does it take to {x} the {n} of {e}?",
        ),
    ),
    (
        "code",
        ("To {x} the {n} of {e}, type {v}.", "The {n} of {e} is {z} under {v}.", "{v} lets you {x} the {n} of {e}."),
        (
            "What do I type to {x} the {n} of {e}?",
            "Under what is the {n} of {e} {z}?",
            "What lets me {x} the {n} of {e}?",
        ),
    ),
    (
        "share",
        ("{e} {y} {v} of the {n}.", "Of the {n} of {e}, {v} has been {z}.", "{v} of the {n} at {e} was {z}."),
        ("How much of the {n} of {e} was {z}?", "What part of the {n} did {e} {x}?"),
    ),
)


def drawn(draw: Draw) -> Relation:
    """A relation made of a pattern, a verb and an ordinary thing."""
    kind, statements, questions = draw.pick(PATTERNS)
    verb = draw.pick(VERBS)
    thing = draw.pick(w.NOUNS)
    if draw.chance(0.5):
        thing = f"{draw.pick(w.ADJECTIVES)} {thing}"
    forms = {"x": verb.base, "y": verb.past, "z": verb.participle, "n": thing, "e": "{e}", "v": "{v}"}
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
        text.format(x=verb.base, y=verb.past, z=verb.participle, **masks)
        for _, statements, questions in PATTERNS
        for text in (*statements, *questions)
        for verb in VERBS
    ]
