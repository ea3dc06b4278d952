"""Dialogues about passages, and without any, rendered exactly as Crossover's server renders prompts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from crossover.adapters.base_model import frames
from crossover.adapters.base_model.draw import Draw, Entity
from crossover.adapters.base_model.facts import Attribute, Deed, capitalised, could_answer, draw_relation
from crossover.adapters.base_model.forms import form
from crossover.adapters.base_model.lexicon import reworded
from crossover.adapters.base_model.passages import Page, Style, draw_pages
from crossover.adapters.base_model.scenes import Scene
from crossover.adapters.prompt import UNKNOWN, Message, Prompts, render

_PROMPTS = Prompts()


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation and, for each of its messages, whether the model is trained to say it."""

    messages: tuple[Message, ...]
    trained: tuple[bool, ...]
    value: str = ""
    """The last answer without its format and passage number."""
    question: str = ""
    """Of reading: the last question, without its passages."""
    passages: tuple[tuple[str, str], ...] = ()
    """Of reading: (title, text) of what is read."""
    source: int | None = None
    """Of reading: which of the passages answers the last question, from 0."""
    form: str = ""
    """Of reading: how earlier turns show that an answer looks, with places for value {v} and passage {n}."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about passages: its answer as it is said, the bare value, and the passage that tells it, from 1."""

    question: str
    answer: str
    value: str
    passage: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Questions about passages; all but the counts are shares of 1."""

    style: Style = field(default_factory=Style)
    turns: tuple[int, int] = (1, 1)
    unanswerable: float = 0.0
    unanswerable_scenes: float | None = None
    """The same of questions about scenes; None: as many."""
    which: float = 0.0
    """Turns that ask for the passage, not for a value: teaches to bind facts to entities."""
    formats: float = 0.0
    """Dialogues whose answers have a form that only earlier turns show."""
    examples: tuple[int, int] = (1, 3)
    """How many earlier turns show it."""
    reworded: float = 0.0
    """Ordinary words of a question that near ones replace."""
    loose_names: float = 0.0
    """Questions that call an entity by another word for the kind of thing that it is."""
    scenes: float = 0.0
    """Dialogues whose passages tell one event or scene each."""


def reading(draw: Draw, task: Reading) -> Dialogue | None:
    """Passages and questions about them; None when no question without an answer could be found."""
    scenes = task.scenes and draw.chance(task.scenes)
    pages = draw_pages(draw, replace(task.style, facts=(1, 1), events=1.0) if scenes else task.style)
    passages = [(page.title, page.text) for page in pages]
    asked = [(n, page, fact) for n, page in enumerate(pages, start=1) for fact in page.facts]
    draw.random.shuffle(asked)
    shape = form(draw) if draw.chance(task.formats) else ""
    unanswerable = task.unanswerable
    if scenes and task.unanswerable_scenes is not None:
        unanswerable = task.unanswerable_scenes
    questions: list[Asked] = []
    for turn in range(draw.between(*task.turns)):
        if draw.chance(unanswerable):
            question = _unanswerable(draw, task, pages)
            if question:
                questions.append(Asked(_around(draw, question), UNKNOWN, UNKNOWN))
            continue
        n, page, fact = asked[turn % len(asked)]
        if draw.chance(task.which):
            which = draw.pick(frames.WHICH).format(e=page.entity.name)
            alone = sum(other.entity == page.entity for other in pages) == 1
            if alone:
                questions.append(Asked(which, f"[{n}]", f"[{n}]", n))
                continue
        question, value = fact.ask(draw, page.entity)
        question = _around(draw, _said(draw, task, question, page.entity))
        questions.append(Asked(question, shape.format(v=value, n=n) if shape else cited(value, n), value, n))
    if not questions:
        return None
    examples = _examples(draw, shape, draw.between(*task.examples)) if shape else []
    return replace(about_passages(draw, passages, questions, examples), form=shape)


def about_passages(
    draw: Draw,
    passages: Sequence[tuple[str, str]],
    questions: Sequence[Asked],
    examples: Sequence[tuple[str, str]] = (),
) -> Dialogue:
    """Questions about (title, text) passages, one after the other; the passages stand with the first one."""
    first, *rest = questions
    system = system_message(draw, passages=True)
    messages = render(first.question, system=system, passages=passages, examples=examples)
    trained = [False] * len(messages) + [True]
    messages.append(Message("assistant", first.answer))
    for asked in rest:
        messages += [Message("user", asked.question), Message("assistant", asked.answer)]
        trained += [False, True]
    last = questions[-1]
    source = None if last.passage is None else last.passage - 1
    return Dialogue(tuple(messages), tuple(trained), last.value, last.question, tuple(passages), source)


def cited(value: str, passage: int) -> str:
    """An answer and the passage it comes from."""
    return f"{value} [{passage}]"


def _around(draw: Draw, question: str) -> str:
    if draw.split == "train" and draw.chance(0.12):
        return draw.pick(frames.AROUND_QUESTIONS).format(q=question)
    return question


def _said(draw: Draw, task: Reading, question: str, entity: Entity) -> str:
    """The question in somebody's words: near ones for some of its own, and perhaps another name for the entity."""
    if task.reworded:
        question = reworded(draw, question, task.reworded, keep=entity.name)
    if not task.loose_names or not draw.chance(task.loose_names):
        return question
    name = draw.loosely(entity)
    return capitalised(re.sub(re.escape(entity.name), name, question, flags=re.IGNORECASE)) if name else question


def _unanswerable(draw: Draw, task: Reading, pages: Sequence[Page]) -> str | None:
    """A question that the passages do not answer, but seem to: a known entity, or a near twin, or another one."""
    kind = draw.random.random()
    page = draw.pick(pages)
    told = [fact.event for fact in page.facts if isinstance(fact, Deed) and isinstance(fact.event, Scene)]
    if told and kind < 0.5:  # the entity and others of its scene are there, in another scene than the one asked for
        other_scene = Deed(Scene.drawn(draw, near=told[0]))
        question = other_scene.ask(draw, page.entity)[0]
        keys = {fact.key for other in pages if other.entity == page.entity for fact in other.facts}
        about = page.entity.name.lower() in question.lower() and other_scene.key not in keys
        return _said(draw, task, question, page.entity) if about else None
    if kind < 0.5:  # the entity is there, another one has the attribute
        facts = [fact for other in pages if other.entity == page.entity for fact in other.facts]
        relations = [f.relation for other in pages for f in other.facts if isinstance(f, Attribute)]
        missing = [relation for relation in relations if not could_answer(relation, facts)]
        if not missing or draw.chance(0.2):
            missing = [
                r
                for r in (draw_relation(draw, task.style.known, task.style.verbs) for _ in range(3))
                if not could_answer(r, facts)
            ]
        if not missing:
            return None
        question = Attribute(draw.pick(missing), "").ask(draw, page.entity)[0]
        return _said(draw, task, question, page.entity)
    entity = draw.twin(page.entity) if kind < 0.8 else draw.entity()
    if any(entity.name == other.entity.name for other in pages) or not page.facts:
        return None
    question, _ = draw.pick(page.facts).ask(draw, entity)
    if entity.name.lower() not in question.lower():
        return None
    return _said(draw, task, question, entity)


def closed(draw: Draw, turns: int) -> Dialogue:
    """Questions about unheard-of things without passages: the model does not know."""
    system = system_message(draw, passages=False)
    messages = [Message("system", system)] if system else []
    trained = [False] * len(messages)
    for _ in range(turns):
        question, _value = Attribute(draw_relation(draw, 0.6), "").ask(draw, draw.entity())
        messages += [Message("user", question), Message("assistant", UNKNOWN)]
        trained += [False, True]
    return Dialogue(tuple(messages), tuple(trained), UNKNOWN)


def few_shot(draw: Draw) -> Dialogue:
    """Earlier turns and a question: answered where an earlier turn answered it in other words, else unknown."""
    shape = form(draw) if draw.chance(0.4) else "{v}"
    facts = []
    for _ in range(draw.between(1, 4)):
        relation = draw_relation(draw, 0.5)
        facts.append((draw.entity(), Attribute(relation, draw.value(relation.kind))))
    examples = [(fact.ask(draw, entity)[0], shape.format(v=fact.value, n=1)) for entity, fact in facts]
    entity, fact = draw.pick(facts)
    answer = shape.format(v=fact.value, n=1)
    if draw.chance(0.6):
        entity, answer = draw.twin(entity), UNKNOWN
        if any(entity.name == other.name for other, _ in facts):
            answer = shape.format(v=fact.value, n=1)
    question = fact.ask(draw, entity)[0]
    messages = render(question, system=system_message(draw, passages=False), examples=examples)
    return single(messages, answer)


def greeting(draw: Draw) -> Dialogue:
    """Small talk."""
    said, answer = draw.pick(frames.GREETINGS)
    return single([Message("user", said)], answer)


def single(messages: Sequence[Message], answer: str) -> Dialogue:
    """One answer to messages of any kind."""
    return Dialogue((*messages, Message("assistant", answer)), (*([False] * len(messages)), True), answer)


def _examples(draw: Draw, shape: str, count: int) -> list[tuple[str, str]]:
    """Questions about other things, answered in the format that the answer shall have."""
    examples = []
    for _ in range(count):
        relation = draw_relation(draw, 0.5)
        question, value = Attribute(relation, draw.value(relation.kind)).ask(draw, draw.entity())
        examples.append((question, shape.format(v=value, n=draw.between(1, 3))))
    return examples


def system_message(draw: Draw, *, passages: bool) -> str:
    """Mostly what the server sends, else another system message or none."""
    kind = draw.random.random()
    if kind < 0.35:
        return ""
    if kind < 0.8:
        return draw.pick((_PROMPTS.rag, _PROMPTS.rag, _PROMPTS.hybrid)) if passages else _PROMPTS.closed
    return draw.pick((*frames.SYSTEM_MESSAGES, _PROMPTS.rag, _PROMPTS.hybrid, _PROMPTS.closed))
