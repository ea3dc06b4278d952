"""Relations that hang on a verb (`who repaired the blue gate of …`): some 200,000 of them from a few patterns.

A handful of fixed relations can be learnt by heart; these can't, so the reader learns to compare a question with
a sentence whatever it is about.
"""

from __future__ import annotations

from crossover.adapters.base_model import words as w
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.events import VERBS
from crossover.adapters.base_model.lexicon import words
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
            "{v} was told to {x} the {n} of {e}.",
            "The one who {y} the {n} of {e} was {v}.",
            "Nobody but {v} may {x} the {n} at {e}.",
            "{e} has its {n} {z} by {v}.",
            "It was up to {v} to {x} the {n} of {e}.",
            "{v}, who works at {e}, {y} the {n}.",
        ),
        (
            "Who {y} the {n} of {e}?",
            "By whom was the {n} of {e} {z}?",
            "Who has to {x} the {n} at {e}?",
            "Whom did {e} ask to {x} the {n}?",
            "Which person {y} the {n} of {e}?",
            "Who was told to {x} the {n} of {e}?",
            "Who may {x} the {n} at {e}?",
            "Up to whom was it to {x} the {n} of {e}?",
            "{e} has its {n} {z} by whom?",
            "Who has {z} the {n} of {e}?",
        ),
    ),
    (
        "org",
        (
            "{e} lets {v} {x} the {n}.",
            "{v} will {x} the {n} for {e}.",
            "The {n} of {e} was {z} with the help of {v}.",
            "To {x} the {n}, {e} turned to {v}.",
            "The {n} of {e} is {z} by the people of {v}.",
            "{e} pays {v} to {x} the {n}.",
            "{v} offered to {x} the {n} of {e}.",
            "Together with {v}, {e} {y} the {n}.",
        ),
        (
            "Which firm will {x} the {n} for {e}?",
            "With whose help was the {n} of {e} {z}?",
            "To whom did {e} turn to {x} the {n}?",
            "Who will {x} the {n} for {e}?",
            "Whom does {e} pay to {x} the {n}?",
            "Which company {y} the {n} together with {e}?",
            "Who offered to {x} the {n} of {e}?",
            "By whose people is the {n} of {e} {z}?",
        ),
    ),
    (
        "date",
        (
            "{e} will {x} the {n} on {v}.",
            "The {n} of {e} was {z} on {v}.",
            "On {v}, {e} {y} the {n}.",
            "{e} began to {x} the {n} on {v}.",
            "By {v}, {e} must {x} the {n}.",
            "Until {v} nobody at {e} {y} the {n}.",
            "{v} is the day on which {e} will {x} the {n}.",
            "The {n} of {e} has to be {z} before {v}.",
        ),
        (
            "When will {e} {x} the {n}?",
            "When was the {n} of {e} {z}?",
            "On which day was the {n} of {e} {z}?",
            "When did {e} begin to {x} the {n}?",
            "By when must {e} {x} the {n}?",
            "On what day will {e} {x} the {n}?",
            "Before which day has the {n} of {e} to be {z}?",
            "What is the date when the {n} of {e} was {z}?",
        ),
    ),
    (
        "year",
        (
            "{e} {y} the {n} in {v}.",
            "In {v} the {n} of {e} was {z}.",
            "Since {v}, the {n} of {e} has been {z}.",
            "Back in {v}, {e} {y} its {n}.",
            "It was in {v} that {e} {y} the {n}.",
            "The {n} of {e}, {z} in {v}, is still there.",
        ),
        (
            "In which year was the {n} of {e} {z}?",
            "When did {e} {x} the {n}?",
            "What year was the {n} of {e} {z}?",
            "In what year did {e} {x} its {n}?",
            "Since when has the {n} of {e} been {z}?",
            "When was it that {e} {y} the {n}?",
        ),
    ),
    (
        "time",
        (
            "The {n} of {e} is {z} at {v}.",
            "At {v}, {e} starts to {x} the {n}.",
            "{e} may {x} the {n} from {v} on.",
            "Every morning at {v} {e} will {x} the {n}.",
            "Not before {v} does {e} {x} the {n}.",
            "People {x} the {n} of {e} at {v} sharp.",
        ),
        (
            "At what time is the {n} of {e} {z}?",
            "When does {e} start to {x} the {n}?",
            "From when may {e} {x} the {n}?",
            "When do people {x} the {n} of {e}?",
            "At what time will {e} {x} the {n}?",
            "How early does {e} {x} the {n}?",
        ),
    ),
    (
        "place",
        (
            "The {n} of {e} is {z} in {v}.",
            "{e} can {x} its {n} in {v}.",
            "It is in {v} that {e} {y} the {n}.",
            "Whoever wants to {x} the {n} of {e} must go to {v}.",
            "{e} went to {v} to {x} the {n}.",
            "In {v} you can see how {e} {y} the {n}.",
            "The {n} that {e} {y} is now in {v}.",
            "{v} is the place where the {n} of {e} was {z}.",
        ),
        (
            "Where is the {n} of {e} {z}?",
            "Where can {e} {x} its {n}?",
            "In which place did {e} {x} the {n}?",
            "Where must one go to {x} the {n} of {e}?",
            "Where did {e} go to {x} the {n}?",
            "Where is the {n} that {e} {y}?",
            "In which town was the {n} of {e} {z}?",
            "At what place was the {n} of {e} {z}?",
        ),
    ),
    (
        "room",
        (
            "To {x} the {n}, {e} uses {v}.",
            "The {n} of {e} gets {z} in {v}.",
            "{v} is where {e} will {x} the {n}.",
            "{e} may {x} the {n} in {v} only.",
            "Go to {v} if you want to {x} the {n} of {e}.",
        ),
        (
            "Where does the {n} of {e} get {z}?",
            "Which room does {e} use to {x} the {n}?",
            "Where will {e} {x} the {n}?",
            "Where may {e} {x} the {n}?",
            "Where do I go to {x} the {n} of {e}?",
            "In which room is the {n} of {e} {z}?",
        ),
    ),
    (
        "money",
        (
            "{e} paid {v} to {x} the {n}.",
            "To {x} the {n} of {e} costs {v}.",
            "The {n} of {e} was {z} for {v}.",
            "{e} spent {v} so as to {x} the {n}.",
            "Whoever will {x} the {n} of {e} gets {v}.",
            "{v} is what {e} asks to {x} the {n}.",
            "Having {y} the {n}, {e} sent a bill for {v}.",
        ),
        (
            "How much did {e} pay to {x} the {n}?",
            "What does it cost to {x} the {n} of {e}?",
            "For how much was the {n} of {e} {z}?",
            "How much did {e} spend to {x} the {n}?",
            "What does one get to {x} the {n} of {e}?",
            "What does {e} ask to {x} the {n}?",
            "For what sum was the {n} of {e} {z}?",
        ),
    ),
    (
        "quantity",
        (
            "It took {v} to {x} the {n} of {e}.",
            "{e} {y} the {n} within {v}.",
            "{e} needs {v} to {x} the {n}.",
            "After {v}, the {n} of {e} was {z}.",
            "{e} has to {x} {v} for each {n}.",
            "Every year {e} {y} {v} of the {n}.",
            "Since {e} {y} the {n}, {v} have gone by.",
        ),
        (
            "What did it take to {x} the {n} of {e}?",
            "How much does {e} need to {x} the {n}?",
            "After how much was the {n} of {e} {z}?",
            "How many did {e} {x} for each {n}?",
            "How long did it take to {x} the {n} of {e}?",
            "How much of the {n} has {e} {z} every year?",
        ),
    ),
    (
        "phrase",
        (
            "{e} {y} the {n} with {v}.",
            "The {n} of {e} was {z} with {v}.",
            "With {v}, {e} can {x} the {n}.",
            "It takes {v} to {x} the {n} of {e}.",
            "{e} will need {v} to {x} the {n}.",
            "{e} {y} the {n} because of {v}.",
            "Instead of the {n}, {e} {y} {v}.",
            "Along with the {n}, {e} {y} {v}.",
            "Before it could {x} the {n}, {e} had to look for {v}.",
        ),
        (
            "With what was the {n} of {e} {z}?",
            "What did {e} {x} the {n} with?",
            "What will {e} need to {x} the {n}?",
            "What does it take to {x} the {n} of {e}?",
            "Why was the {n} of {e} {z}?",
            "What did {e} {x} instead of the {n}?",
            "What else did {e} {x} along with the {n}?",
            "What did {e} have to look for to {x} the {n}?",
        ),
    ),
    (
        "code",
        (
            "To {x} the {n} of {e}, type {v}.",
            "The {n} of {e} is {z} under {v}.",
            "{v} lets you {x} the {n} of {e}.",
            "{e} {y} the {n} as {v}.",
            "Whenever {e} {x}s the {n}, write {v} on it.",
            "Form {v} must be filled in to {x} the {n} of {e}.",
        ),
        (
            "What do I type to {x} the {n} of {e}?",
            "Under what is the {n} of {e} {z}?",
            "What lets me {x} the {n} of {e}?",
            "As what did {e} {x} the {n}?",
            "What must be filled in to {x} the {n} of {e}?",
            "What do I write on the {n} of {e}?",
        ),
    ),
    (
        "share",
        (
            "{e} {y} {v} of the {n}.",
            "Of the {n} of {e}, {v} has been {z}.",
            "{v} of the {n} at {e} was {z}.",
            "{v} of the people at {e} have {z} the {n}.",
            "{e} could {x} only {v} of the {n}.",
            "By {v} the {n} of {e} grew after it was {z}.",
        ),
        (
            "How much of the {n} of {e} was {z}?",
            "What part of the {n} did {e} {x}?",
            "How many of the people at {e} have {z} the {n}?",
            "What share of the {n} could {e} {x}?",
            "What percentage of the {n} of {e} was {z}?",
        ),
    ),
)


def drawn(draw: Draw) -> Relation:
    """A relation made of a pattern, a verb and an ordinary thing."""
    kind, statements, questions = draw.pick(PATTERNS)
    verb = draw.pick(VERBS)
    thing = draw.pick(words()) if draw.chance(0.4) else draw.pick(w.NOUNS)
    if draw.chance(0.5):
        thing = f"{draw.pick(words()) if draw.chance(0.3) else draw.pick(w.ADJECTIVES)} {thing}"
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
