"""Drills: lists, tables and copying, which teach to find a thing by its name and to say it letter by letter."""

from __future__ import annotations

from collections.abc import Sequence

from crossover.adapters.base_model import frames
from crossover.adapters.base_model.dialogues import Dialogue, single
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.facts import Attribute, draw_relation
from crossover.adapters.base_model.passages import Style, draw_pages
from crossover.adapters.prompt import Message

_LISTED = ("word", "code", "phrase", "person", "quantity", "date", "org", "place", "money", "time", "colour", "room")
_REPEATED = ("word", "code", "phrase", "person", "quantity", "date", "email", "org", "place", "money", "time")


def listing(draw: Draw, keys: int, turns: int, *, names: bool = False) -> Dialogue:
    """A bare key-value list and lookups in it; with `names` every key is an entity or a made-up word."""
    rows = {_key(draw, names): draw.value(draw.pick(_LISTED)) for _ in range(keys)}
    equals = draw.pick((": ", " = ", " -> ", " is ", " | "))
    text = draw.pick(("\n", "; ", ". ")).join(f"{key}{equals}{value}" for key, value in rows.items())
    order = draw.random.sample(list(rows), len(rows))
    asked = [
        (draw.pick(frames.LOOKUPS).format(k=order[n % len(order)]), rows[order[n % len(order)]]) for n in range(turns)
    ]
    return _lookups(text, asked)


def table(draw: Draw, style: Style, turns: int) -> Dialogue:
    """Facts as rows of entity, attribute, value: lookup by two keys without prose around it."""
    rows = [
        (page.entity, fact) for page in draw_pages(draw, style) for fact in page.facts if isinstance(fact, Attribute)
    ]
    draw.random.shuffle(rows)
    line = draw.pick(("{e} | {n} | {v}", "{e}, {n}: {v}", "{n} of {e}: {v}", "{e} {n} = {v}", "{n} ({e}): {v}"))
    text = draw.pick(("\n", "; ", ". ")).join(
        line.format(e=entity.name, n=fact.relation.noun_phrases[0], v=fact.value) for entity, fact in rows
    )
    asked = []
    for entity, fact in [rows[n % len(rows)] for n in range(turns)] if rows else []:
        bare = draw.pick(("{n} of {e}?", "{e}, {n}?", "{e}: {n}")).format(
            e=entity.name, n=fact.relation.noun_phrases[0]
        )
        asked.append((fact.ask(draw, entity)[0] if draw.chance(0.6) else bare, fact.value))
    return _lookups(text, asked)


def repetition(draw: Draw, items: int) -> Dialogue:
    """A list of random items, to be repeated: dense practice in copying."""
    text = draw.pick((", ", "; ", " / ", "\n")).join(draw.value(draw.pick(_REPEATED)) for _ in range(items))
    return single([Message("user", draw.pick(frames.REPEATS) + text)], text)


def _lookups(text: str, asked: Sequence[tuple[str, str]]) -> Dialogue:
    messages: list[Message] = []
    for n, (question, answer) in enumerate(asked):
        messages += [Message("user", question if n else f"{text}\n\n{question}"), Message("assistant", answer)]
    return Dialogue(tuple(messages), (False, True) * len(asked), asked[-1][1] if asked else "")


def _key(draw: Draw, names: bool) -> str:
    if draw.chance(0.5):
        return draw.entity().name
    return draw.word() if names or draw.chance(0.5) else draw_relation(draw, 0.0).key
