"""Facts about an entity: how one is drawn, stated in a passage and asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossover.adapters.base_model import frames, verbal
from crossover.adapters.base_model.draw import Draw, Entity
from crossover.adapters.base_model.events import VERBS, Event, Verb
from crossover.adapters.base_model.lexicon import renamed, synonyms, words
from crossover.adapters.base_model.relations import ALIKE, HELD_OUT, TAILS, TRAINED, WIDE_TAILS, Relation
from crossover.adapters.base_model.scenes import Scene
from crossover.adapters.base_model.words import is_held_out

_PRONOUNS = ("it", "the {k}")
_RENAMED = 0.2  # of the names of attributes in training, asked for or stated, have a synonym in them
_WITH_SYNONYMS = tuple(synonyms())
_NAMES = frozenset(phrase for relation in (*TRAINED, *HELD_OUT) for phrase in relation.noun_phrases)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One value of one relation."""

    relation: Relation
    value: str

    @property
    def key(self) -> str:
        """Equal for facts that one question could ask for."""
        return self.relation.key

    def state(self, draw: Draw, entity: Entity, *, pronoun: bool = False) -> str:
        """A statement of the fact, without a capital at its start; by pronoun, or with the entity's full name."""
        relation, name = self.relation, entity.name
        nameless = not relation.noun_phrases
        if pronoun and not nameless and not (relation.statements and draw.chance(0.4)):
            unseen = draw.split == "held-out"
            template = draw.pick(frames.PRONOUN_STATEMENTS_HELD_OUT if unseen else frames.PRONOUN_STATEMENTS)
        else:
            generic: Sequence[str] = frames.STATEMENTS_HELD_OUT if draw.split == "held-out" else frames.STATEMENTS
            own = nameless or (relation.statements and draw.chance(0.55))
            if not own and draw.split != "held-out" and draw.chance(0.3):
                generic = (_with_verb(draw, draw.pick(frames.DONE_STATEMENTS)),)
            template = draw.pick(relation.statements if own else generic)
            if pronoun:
                name = "this person" if entity.noun == "person" else draw.pick(_PRONOUNS).format(k=entity.noun)
        noun_phrase = "" if nameless else _phrase(draw, relation)
        return _uncapitalised(template).format(e=name, v=self.value, np=noun_phrase, k=entity.noun)

    def ask(self, draw: Draw, entity: Entity) -> tuple[str, str]:
        """A question for the fact, and its answer."""
        relation = self.relation
        generic = frames.QUESTIONS_HELD_OUT if draw.split == "held-out" else frames.QUESTIONS
        if not relation.noun_phrases:
            return capitalised(draw.pick(relation.questions).format(e=entity.name)), self.value
        if relation.questions and draw.chance(0.5):
            template = draw.pick(relation.questions)
        elif relation.kind == "person" and draw.split != "held-out" and draw.chance(0.5):
            template = draw.pick(frames.PERSON_QUESTIONS)
        elif draw.split != "held-out" and draw.chance(0.25):
            template = _with_verb(draw, draw.pick(frames.DONE_QUESTIONS))
        elif draw.split != "held-out" and draw.chance(0.3):
            request = f"{draw.pick(frames.REQUESTS)} {draw.pick(frames.ASKED_FOR)}{draw.pick(frames.IN_PASSING)}"
            template = request + draw.pick((".", "?", ""))
        else:
            template = draw.pick(generic)
        return capitalised(template.format(e=entity.name, np=_phrase(draw, relation))), self.value


@dataclass(frozen=True, slots=True)
class Deed:
    """An event or scene as a fact about the one who is in it."""

    event: Event | Scene

    @property
    def key(self) -> str:
        """Equal for facts that one question could ask for."""
        return self.event.key

    def state(self, draw: Draw, entity: Entity, *, pronoun: bool = False) -> str:
        """The sentence, without a capital at its start; always with the entity's full name."""
        return self.event.state(entity.name)

    def ask(self, draw: Draw, entity: Entity) -> tuple[str, str]:
        """A question for one part of the event, and that part."""
        question, answer = self.event.ask(draw, entity.name)
        return capitalised(question), answer


Fact = Attribute | Deed


def draw_relation(draw: Draw, known: float, verbs: float = 0.0) -> Relation:
    """A relation from the tables, one that hangs on a verb, or (the rest of 1) one composed of ordinary words."""
    if verbs and draw.chance(verbs):
        return verbal.drawn(draw)
    if draw.chance(known):
        return draw.pick(HELD_OUT if draw.split == "held-out" else TRAINED)
    if draw.split == "train" and draw.chance(0.5):
        return _composed_widely(draw, draw.pick(tuple(WIDE_TAILS)))
    phrase, tail = draw.composed(tuple(TAILS))
    return Relation(phrase, TAILS[tail], (phrase,))


def _phrase(draw: Draw, relation: Relation) -> str:
    """One of the relation's names; in training now and then with a synonym in it.

    Never one that is another relation's name, or that belongs to evaluation.
    """
    phrase = draw.pick(relation.noun_phrases)
    if draw.split != "train" or not draw.chance(_RENAMED):
        return phrase
    other = renamed(draw, phrase)
    return phrase if other in _NAMES or is_held_out(other) else other


def _composed_widely(draw: Draw, tail: str) -> Relation:
    """An attribute with that last word, the others drawn from all of the lexicon."""
    while True:
        first = draw.pick(_WITH_SYNONYMS if draw.chance(0.4) else words())
        head = first if draw.chance(0.7) else f"{first} {draw.pick(words())}"
        phrase = f"{head} {tail}" if draw.chance(0.8) else f"{tail} for {head}"
        if not is_held_out(f"{head} {tail}"):
            return Relation(phrase, WIDE_TAILS[tail], (phrase,))


def _sibling(draw: Draw, relation: Relation) -> Relation | None:
    """An attribute that ends alike, `renewal date` beside `inspection date`; None where the ending is no known one."""
    tail = relation.noun_phrases[0].rsplit(" ", 1)[-1] if relation.noun_phrases else ""
    return None if relation.statements or tail not in WIDE_TAILS else _composed_widely(draw, tail)


def draw_fact(
    draw: Draw, pool: list[Relation], *, share: float, known: float, events: float, verbs: float = 0.0
) -> Fact:
    """A new fact; its relation comes from `pool` in that share of the calls, and a new one joins the pool."""
    if draw.chance(events):
        return Deed(Scene.drawn(draw) if draw.split != "held-out" and draw.chance(0.75) else Event.drawn(draw))
    if pool and draw.chance(share):
        relation = draw.pick(pool)
        sibling = _sibling(draw, relation) if draw.split == "train" and draw.chance(0.2) else None
        if sibling:
            relation = sibling
            pool.append(relation)
    else:
        relation = draw_relation(draw, known, verbs)
        pool.append(relation)
    return Attribute(relation, draw.value(relation.kind))


def could_answer(relation: Relation, facts: Sequence[Fact]) -> bool:
    """Whether one of an entity's facts answers, or could pass as an answer to, a question for `relation`."""
    for fact in facts:
        if isinstance(fact, Deed):
            continue
        other = fact.relation
        if other.key == relation.key or other.key in ALIKE.get(relation.key, ()):
            return True
        pairs = ((a, b) for a in relation.noun_phrases for b in other.noun_phrases)
        if any(a.endswith(b) or b.endswith(a) for a, b in pairs):
            return True
    return False


def with_verbs() -> list[str]:
    """DONE_STATEMENTS and DONE_QUESTIONS with every verb and everybody who may do it, the attribute masked as {v}."""
    return [
        _filled(template, verb, who).replace("{np}", "{v}")
        for template in (*frames.DONE_STATEMENTS, *frames.DONE_QUESTIONS)
        for verb in VERBS
        for who in (frames.PEOPLE if "{w}" in template else ("",))
    ]


def _with_verb(draw: Draw, template: str) -> str:
    """The template with somebody who does something, the other places left open."""
    return _filled(template, draw.pick(VERBS), draw.pick(frames.PEOPLE))


def _filled(template: str, verb: Verb, who: str) -> str:
    return template.format(w=who, **verb.forms, np="{np}", e="{e}", v="{v}")


def capitalised(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


def _uncapitalised(template: str) -> str:
    return template if template.startswith("{") else template[:1].lower() + template[1:]
