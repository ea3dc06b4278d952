"""The company handbook: a Markdown page for each entity, in prose."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, get_args

from crossover.eval.world.facts import Entity, Fact
from crossover.eval.world.relations import Topic, told

Edition = Literal["v1", "v2"]

_MOST_SECTIONS = 4
_FEWEST_WORDS = 30
_NAMELESS = 0.35  # how often a sentence after the first leaves the name out

FILLER = (
    "Rain or shine, someone sweeps the path before breakfast.",
    "Boots stay outside, however cold it gets.",
    "A kettle stands by the window for anyone who comes in wet.",
    "Older hands still tell the story of the flood.",
    "Paint was put on all doors last autumn.",
    "Nobody minds a dog as long as it keeps off the stairs.",
    "Winter brings long shifts, and candles get used up quickly.",
    "Bicycles lean against the north wall, never against the fence.",
    "Two benches under the lime tree invite people to rest.",
    "Gloves left lying around end up in the blue crate.",
    "The roof was mended twice and leaks no longer.",
    "Apples from the orchard belong to whoever picks them.",
    "Wet coats hang near the stove until noon.",
    "A choir from the village sings here around midwinter.",
    "Brooms and buckets have their corner behind the stairs.",
    "Swallows nest above the door and must be left alone.",
    "Those who arrive late take the side entrance.",
    "On market days the square outside gets crowded.",
    "The well behind the shed has good water all year round.",
    "Lamps burn low after supper to spare oil.",
    "Children may watch from behind the rope.",
    "Every spring the ivy has to come off the chimney.",
    "Letters from abroad take a week longer than you would think.",
    "Somebody once drew a ship on the cellar wall.",
    "Fresh straw comes in with the first cart of the month.",
    "Loud songs are welcome except during a nap.",
    "Cats have done more against mice than any trap.",
    "The stairs creak, so tread softly after dark.",
    "A map of the district hangs crooked in the hall.",
    "Tea gets served when the wind turns north.",
)


def write_pages(facts: Sequence[Fact], edition: Edition, seed: int) -> dict[str, str]:
    """The handbook's pages by document id; in v2 with what has changed and with the pages added since."""
    entities = dict.fromkeys(fact.entity for fact in facts)
    return {
        entity.page: _page(entity, [f for f in facts if f.entity == entity and f.documented], edition, seed)
        for entity in entities
        if edition == "v2" or not entity.added
    }


def _page(entity: Entity, facts: list[Fact], edition: Edition, seed: int) -> str:
    # Its own generator, the same for both editions: a page differs between them in the changed values alone.
    rng = random.Random(f"{seed}/{entity.name}")
    order = rng.sample(get_args(Topic), len(get_args(Topic)))
    facts = sorted(facts, key=lambda fact: order.index(fact.relation.topic))
    filler = iter(rng.sample(FILLER, len(FILLER)))
    sections = [_section(entity, part, edition, rng, filler) for part in _parts(facts)]
    return "\n\n".join([f"# {entity.called[0].upper()}{entity.called[1:]}", *sections]) + "\n"


def _parts(facts: list[Fact]) -> Iterator[list[Fact]]:
    """Two or three neighbouring facts at a time."""
    sections = max(1, min(_MOST_SECTIONS, len(facts) // 2))
    for n in range(sections):
        yield facts[n * len(facts) // sections : (n + 1) * len(facts) // sections]


def _section(entity: Entity, facts: list[Fact], edition: Edition, rng: random.Random, filler: Iterator[str]) -> str:
    sentences = [
        _statement(fact, edition, rng, nameless=n > 0 and rng.random() < _NAMELESS) for n, fact in enumerate(facts)
    ]
    while _words(sentences) < _FEWEST_WORDS:
        sentences.insert(rng.randint(1, len(sentences)), next(filler))
    topics = list(dict.fromkeys(fact.relation.topic for fact in facts))
    heading = " and ".join([", ".join(topics[:-1]), topics[-1]] if topics[1:] else topics).capitalize()
    return f"## {heading}\n\n{' '.join(sentences)}"


def _statement(fact: Fact, edition: Edition, rng: random.Random, *, nameless: bool) -> str:
    relation = fact.relation
    frame = rng.choice(told(relation, nameless=nameless))
    text = frame.format(e=fact.entity.called, np=relation.noun, v=fact.before if edition == "v1" else fact.now)
    return text[0].upper() + text[1:]


def _words(sentences: Iterable[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)
