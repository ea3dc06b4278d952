"""Passages: facts of several entities stated in prose, bare or in handbook style, with and without titles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crossover.adapters.base_model import frames
from crossover.adapters.base_model import words as w
from crossover.adapters.base_model.draw import Draw, Entity
from crossover.adapters.base_model.facts import Attribute, Fact, capitalised, could_answer, draw_fact
from crossover.adapters.base_model.relations import Relation


@dataclass(frozen=True, slots=True)
class Style:
    """How passages look; all but the counts are shares of 1."""

    passages: tuple[int, int] = (1, 2)
    facts: tuple[int, int] = (1, 2)
    share: float = 0.6
    """Facts whose relation another passage has too."""
    twins: float = 0.1
    """Entities that are near duplicates of another one."""
    known: float = 0.5
    """Relations from the tables; the rest is composed."""
    verbs: float = 0.0
    """Relations that hang on a verb, drawn before the others."""
    events: float = 0.0
    pronouns: float = 0.35
    titles: float = 0.5
    handbook: float = 0.0
    """Passages of prose, in which facts stand among filler."""
    words: tuple[int, int] = (20, 80)
    """The least length of such a passage."""
    split_pages: float = 0.0
    """Entities whose facts are spread over two passages."""
    short_names: float = 0.0
    """Entities that are called by a single made-up word."""


@dataclass(frozen=True, slots=True)
class Page:
    """One passage and what it states."""

    entity: Entity
    facts: tuple[Fact, ...]
    title: str
    text: str


@dataclass(slots=True)
class Draft:
    """An entity and its facts before they are written down."""

    entity: Entity
    facts: list[Fact] = field(default_factory=list)


def draw_pages(draw: Draw, style: Style, pool: list[Relation] | None = None) -> list[Page]:
    """Passages about different entities that share relations and often nearly share names, in random order."""
    pool = [] if pool is None else pool
    drafts: list[Draft] = []
    wanted = draw.between(*style.passages)
    pages: list[Page] = []
    while len(pages) < wanted:
        draft = Draft(_entity(draw, style, drafts))
        for _ in range(draw.between(*style.facts)):
            fact = draw_fact(draw, pool, share=style.share, known=style.known, events=style.events, verbs=style.verbs)
            alike = isinstance(fact, Attribute) and could_answer(fact.relation, draft.facts)
            if not alike and all(fact.key != other.key for other in draft.facts):
                draft.facts.append(fact)
        drafts.append(draft)
        pages += _written(draw, style, draft, room=wanted - len(pages))
    draw.random.shuffle(pages)
    return pages


def filler(draw: Draw) -> str:
    """A sentence that says nothing about any entity."""
    template = draw.pick(frames.FILLERS_HELD_OUT if draw.split == "held-out" else frames.FILLERS)
    if "{" not in template:
        return template
    return capitalised(
        template.format(
            a=draw.pick(w.ADJECTIVES),
            n=draw.pick(w.NOUNS),
            m=draw.pick(w.NOUNS),
            v=draw.pick(frames.VERB_PHRASES),
            u=draw.value("quantity"),
            d=draw.value("date"),
            o=draw.value("org"),
            p=draw.value("person"),
        )
    )


def _entity(draw: Draw, style: Style, drafts: Sequence[Draft]) -> Entity:
    """One that is not there yet: a twin of a twin may be the first again."""
    names = {draft.entity.name for draft in drafts}
    while (entity := _any_entity(draw, style, drafts)).name in names:
        pass
    return entity


def _any_entity(draw: Draw, style: Style, drafts: Sequence[Draft]) -> Entity:
    if drafts and draw.chance(style.twins):
        return draw.twin(draw.pick(drafts).entity)
    if draw.chance(style.short_names):
        return Entity("{word}", (("word", draw.word()),), "firm")
    return draw.entity()


def _written(draw: Draw, style: Style, draft: Draft, room: int) -> list[Page]:
    """The draft as one passage, or as two titled ones."""
    facts = draft.facts
    if room > 1 and len(facts) > 1 and draw.chance(style.split_pages):
        half = len(facts) // 2
        first, second = draw.random.sample(frames.SECTIONS, 2)
        return [
            _page(draw, style, Draft(draft.entity, part), section)
            for part, section in ((facts[:half], first), (facts[half:], second))
        ]
    return [_page(draw, style, draft)]


def _page(draw: Draw, style: Style, draft: Draft, section: str = "") -> Page:
    name = capitalised(draft.entity.name)
    title = ""
    if section or draw.chance(style.titles):
        if not section and style.handbook and draw.chance(0.4):
            section = draw.pick(frames.SECTIONS)
        title = f"{name} - {section}" if section else name
    body = _prose(draw, style, draft, named=bool(title))
    if title and not section and draw.chance(0.25):  # a heading in the text, as files have them
        title, body = "", f"{name}{draw.pick((chr(10), '. ', ' - '))}{body}"
    return Page(draft.entity, tuple(draft.facts), title, body)


def _prose(draw: Draw, style: Style, draft: Draft, *, named: bool) -> str:
    """The facts as sentences; in handbook style with turns of phrase around them and filler between them."""
    handbook = draw.chance(style.handbook)
    sentences: list[str] = []
    for fact in draft.facts:
        pronoun = named and draw.chance(style.pronouns)
        sentence = fact.state(draw, draft.entity, pronoun=pronoun)
        if handbook:
            sentence = _wrapped(draw, sentence)
        if sentences and handbook and draw.chance(0.2):
            sentences[-1] = sentences[-1].removesuffix(".") + draw.pick(frames.JOINS) + sentence
        else:
            sentences.append(sentence)
        named = True
        if not handbook and draw.chance(0.2):
            sentences.append(filler(draw))
    if handbook:
        wanted = draw.between(*style.words)
        while sum(sentence.count(" ") + 1 for sentence in sentences) < wanted:
            # Not in front of everything: a pronoun must follow its name.
            sentences.insert(draw.between(0 if draw.chance(0.3) else 1, len(sentences)), filler(draw))
    return (" " if draw.chance(0.85) else "\n").join(map(capitalised, sentences))


def _wrapped(draw: Draw, sentence: str) -> str:
    """The sentence, in a third of the cases inside a longer one."""
    kind = draw.random.random()
    unseen = draw.split == "held-out"
    if kind < 0.2:
        opening = draw.pick(frames.OPENINGS_HELD_OUT if unseen else frames.OPENINGS)
        return opening.format(d=draw.value("date"), o=draw.value("org")) + sentence
    if kind < 0.35 and sentence.endswith("."):
        ending = draw.pick(frames.ENDINGS_HELD_OUT if unseen else frames.ENDINGS)
        return sentence.removesuffix(".") + ending.format(d=draw.value("date"), o=draw.value("org")) + "."
    return sentence
