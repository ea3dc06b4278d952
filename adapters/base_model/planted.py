"""Values put into real sentences, so that a person, a date or a sum can be asked for wherever one reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.facts import capitalised
from crossover.adapters.base_model.lexicon import wide_name


@dataclass(frozen=True, slots=True)
class Planted:
    """A value as it stands in a sentence, and how it is asked for."""

    kind: str
    value: str
    phrase: str
    asked: tuple[str, ...]


@dataclass(slots=True)
class Sentence:
    """One sentence with what was put into it; `base` is the sentence before."""

    base: str
    text: str
    planted: list[Planted] = field(default_factory=list)


# Kind of the value, how it may stand in a sentence, how it is asked for.
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "person": (
        ("by {v}", "with {v}", "together with {v}", "thanks to {v}", "according to {v}", "for {v}"),
        ("Who", "By whom", "With whom", "Which person", "What is the name of the person who",
         "Whose name is given when", "What person"),
    ),
    "place": (
        ("in {v}", "near {v}", "at {v}", "outside {v}", "north of {v}", "in the city of {v}"),
        ("Where", "In which place", "What place", "In what city", "Where exactly", "At what location", "Which city"),
    ),
    "org": (
        ("by {v}", "at {v}", "for {v}", "on behalf of {v}", "through {v}"),
        ("Which company", "Which firm", "What organization", "What company", "Which organisation", "What group"),
    ),
    "year": (
        ("in {v}", "since {v}", "around {v}", "by {v}", "until {v}"),
        ("When", "In what year", "In which year", "What year", "Since when", "During what year"),
    ),
    "date": (
        ("on {v}", "since {v}", "before {v}", "until {v}"),
        ("When", "On what date", "On which day", "What day", "What was the date when"),
    ),
    "quantity": (
        ("for {v}", "after {v}", "within {v}", "with {v}", "about {v}"),
        ("How many", "How much", "How long", "For how long", "What amount", "How many of them"),
    ),
    "money": (
        ("for {v}", "at a cost of {v}", "with {v}", "worth {v}"),
        ("How much", "How much money", "For how much", "What sum", "At what cost", "What price"),
    ),
    "share": (
        ("in {v} of all cases", "by {v}", "up to {v}", "for {v} of the users"),
        ("What percentage", "How often", "By how much", "What share", "In how many cases", "What percent"),
    ),
    "time": (("at {v}", "before {v}", "from {v} on"), ("At what time", "When", "What time", "By what time")),
    "code": (("under {v}", "as {v}", "with code {v}"), ("Under which code", "What code", "Which number", "As what")),
    "material": (("of {v}", "with {v}", "made from {v}"), ("What material", "Of what", "From what")),
    "colour": (("in {v}", "painted {v}", "marked {v}"), ("What color", "Which colour", "In what colour")),
}  # fmt: skip
_WIDE: dict[str, Callable[[Draw], str]] = {
    "person": lambda d: f"{wide_name(d)} {wide_name(d)}",
    "place": wide_name,
    "org": lambda d: f"{wide_name(d)} {wide_name(d)}",
}
_PREPOSITIONS = frozenset("for with when if that which because while from to and but as or where after before".split())


_GROUPS = ({"year", "date", "time"}, {"person", "org"}, {"quantity", "share", "money"})


def alike(kind: str) -> set[str]:
    """The kinds of value that one question could ask for, this one among them."""
    return next((group for group in _GROUPS if kind in group), {kind})


def planted(draw: Draw, text: str, share: float) -> Sentence:
    """The sentence, in that share of the cases with up to three values of different kinds put in."""
    made = Sentence(text, text)
    if not draw.chance(share):
        return made
    for kind in draw.random.sample(list(KINDS), draw.pick((1, 1, 2, 3))):
        if any(other.kind in alike(kind) for other in made.planted):
            continue
        phrases, asked = KINDS[kind]
        value = _WIDE[kind](draw) if kind in _WIDE and draw.chance(0.5) else draw.value(kind)
        phrase = draw.pick(phrases).format(v=value)
        made.planted.append(Planted(kind, value, phrase, asked))
        made.text = _put_in(draw, made.text, phrase)
    return made


def _put_in(draw: Draw, text: str, phrase: str) -> str:
    """The sentence with a phrase at its start, at its end, or before a word that begins a new part."""
    where = draw.random.random()
    if where < 0.25:
        return f"{capitalised(phrase)}, {text[:1].lower()}{text[1:]}"
    parts = text.split(" ")
    at = [n for n, word in enumerate(parts) if n > 1 and word in _PREPOSITIONS]
    if where < 0.6 and at:
        n = draw.pick(at)
        before, after = " ".join(parts[:n]), " ".join(parts[n:])
        return f"{before}, {phrase}, {after}" if draw.chance(0.2) else f"{before} {phrase} {after}"
    return f"{text.removesuffix('.')} {phrase}."
