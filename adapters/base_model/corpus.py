"""The corpus: an endless stream of dialogues in a given mix, never the same twice, equal for equal seeds.

Worlds are invented, and the wordings that tell of them are plain data (frames.py, events.py and the .txt files)
that can be enumerated: a test can tell what pre-training has seen. Real prose comes from the documentation of installed
packages (prose.py); nothing comes from any benchmark.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from crossover.adapters.base_model import events, facts, frames, scenes, verbal
from crossover.adapters.base_model import relations as r
from crossover.adapters.base_model.cloze import Cloze, cloze, unread, words_copied
from crossover.adapters.base_model.dialogues import Dialogue, Reading, closed, few_shot, greeting, reading
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.drills import listing, repetition, table


@dataclass(frozen=True, slots=True)
class Mix:
    """The shares of the tasks; what is left of 1 is reading."""

    reading: Reading = field(default_factory=Reading)
    listing: float = 0.0
    listing_names: bool = False
    listing_keys: tuple[int, int] = (2, 7)
    repetition: float = 0.0
    closed: float = 0.0
    few_shot: float = 0.0
    table: float = 0.0
    table_pages: tuple[int, int] = (2, 4)
    cloze: float = 0.0
    prose: Cloze = field(default_factory=Cloze)


def dialogue(draw: Draw, mix: Mix) -> Dialogue:
    """One dialogue of the mix."""
    while True:
        made = _attempt(draw, mix)
        if made and made.messages:
            return made


def _attempt(draw: Draw, mix: Mix) -> Dialogue | None:
    kind = draw.random.random()
    turns = draw.between(*mix.reading.turns)
    if kind < mix.cloze:
        return cloze(draw, mix.prose)
    kind -= mix.cloze
    if kind < mix.listing:
        return listing(draw, draw.between(*mix.listing_keys), turns, names=mix.listing_names)
    kind -= mix.listing
    if kind < mix.repetition:
        return repetition(draw, draw.between(2, 6)) if draw.chance(0.6) else words_copied(draw, draw.between(4, 20))
    kind -= mix.repetition
    if kind < mix.closed:
        if draw.chance(0.1):
            return greeting(draw)
        return unread(draw, mix.prose) if mix.cloze and draw.chance(0.4) else closed(draw, draw.between(1, 3))
    kind -= mix.closed
    if kind < mix.few_shot:
        return few_shot(draw)
    kind -= mix.few_shot
    if kind < mix.table:
        style = replace(mix.reading.style, passages=mix.table_pages, facts=(1, 3), share=0.95, events=0.0, verbs=0.0)
        return table(draw, style, turns)
    return reading(draw, mix.reading)


def wordings(*, held_out: bool = False, beside: Collection[str] | None = None) -> list[str]:
    """All statement, question, filler and format templates of training, entities masked as {e}, values as {v}.

    Noun phrases are filled in where they come from the relation tables, and masked as {v} where they are composed.

    Args:
        held_out: the templates that only evaluation uses.
        beside: the lower-case words of a text that is held beside them: then only noun phrases that begin or end with
            one of them are filled in, for no other could be a part of what both have.
    """
    table_ = r.HELD_OUT if held_out else r.TRAINED
    generic: tuple[str, ...]
    plain: tuple[str, ...]
    if held_out:
        generic = (*frames.STATEMENTS_HELD_OUT, *frames.PRONOUN_STATEMENTS_HELD_OUT, *frames.QUESTIONS_HELD_OUT)
        plain = (*frames.OPENINGS_HELD_OUT, *frames.ENDINGS_HELD_OUT, *frames.FILLERS_HELD_OUT)
    else:
        generic = (
            *frames.STATEMENTS, *frames.PRONOUN_STATEMENTS, *frames.QUESTIONS, *frames.PERSON_QUESTIONS,
            *(asked + end for asked in frames.ASKED_FOR for end in frames.IN_PASSING),
        )  # fmt: skip
        greetings = (text for pair in frames.GREETINGS for text in pair)
        plain = (
            *frames.OPENINGS, *frames.ENDINGS, *frames.FILLERS, *frames.VERB_PHRASES, *frames.FORMATS, *frames.WHICH,
            *frames.REQUESTS, *frames.AROUND_QUESTIONS,
            *frames.REPEATS, *frames.LOOKUPS, *frames.SECTIONS, *frames.SYSTEM_MESSAGES, *greetings,
        )  # fmt: skip
    done = [] if held_out else facts.with_verbs()
    known = [phrase for relation in table_ for phrase in relation.noun_phrases]
    if beside is not None:
        met = frozenset(beside)
        known = [phrase for phrase in known if not met.isdisjoint(_edges(phrase))]
    phrases = ["{v}", *dict.fromkeys(known)]
    own = [text for relation in table_ for text in (*relation.statements, *relation.questions)]
    filled = [text.replace("{np}", phrase) for text in generic for phrase in phrases]
    masked = [_masked(text) for text in (*own, *filled, *plain, *done)]
    return masked + events.wordings(held_out=held_out) + ([] if held_out else verbal.wordings() + scenes.wordings())


def relations(*, held_out: bool = False) -> set[str]:
    """The keys of the relations that training uses; with `held_out` those that only evaluation uses."""
    return {relation.key for relation in (r.HELD_OUT if held_out else r.TRAINED)}


def _edges(phrase: str) -> set[str]:
    """Its first and last words in lower case; those with a hyphen whole and in parts."""
    whole, parts = phrase.lower().split(), re.findall(r"[\w']+", phrase.lower())
    return {whole[0], whole[-1], parts[0], parts[-1]}


def _masked(text: str) -> str:
    for slot in "anmvudopkq":
        text = text.replace(f"{{{slot}}}", "{v}")
    return text
