"""Who and what exists in a world: families of entities with confusable names, and one fact for each thing known."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from crossover.eval.world.names import Names
from crossover.eval.world.relations import RELATIONS, Relation
from crossover.eval.world.size import TWINS, WorldSize

Standing = Literal["stable", "fresh", "new", "tacit", "untrained", "absent"]

# The last word of a name, and what people say instead who do not use it.
LOOSE_NAMES = {
    "office": "bureau",
    "team": "crew",
    "site": "grounds",
    "plan": "blueprint",
    "programme": "agenda",
    "unit": "section",
    "policy": "rule book",
    "scheme": "arrangement",
    "tower": "high-rise",
    "gateway": "entrance",
    "service": "help",
    "platform": "base layer",
    "server": "computer",
    "database": "records",
}


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that the handbook has a page about, such as the Velmarn office; or only a name that fits in."""

    name: str  # without its article
    added: bool = False  # its page is only in the later documents

    @property
    def called(self) -> str:
        """Its name in a sentence."""
        return f"the {self.name}"

    @property
    def loosely(self) -> str:
        """Its name from somebody who says it in other words, such as the Velmarn bureau."""
        stem, kind = self.name.split(" ")
        return f"the {stem} {LOOSE_NAMES[kind]}"

    @property
    def page(self) -> str:
        """The id of its document: the path in the documents' folder."""
        return self.name.lower().replace(" ", "-") + ".md"


@dataclass(frozen=True, slots=True)
class Fact:
    """One relation of one entity: what the examples teach (`before`) and what is true in the end (`now`).

    Standing says where it can be learnt: `stable` and `fresh` (changed since) from documents and examples,
    `new` and `untrained` from documents alone, `tacit` from examples alone, `absent` nowhere.
    """

    entity: Entity
    relation: Relation
    standing: Standing
    before: str
    now: str

    @property
    def id(self) -> str:
        """Stable within a world, such as velmarn-office/ledger_code."""
        return f"{self.entity.page.removesuffix('.md')}/{self.relation.key}"

    @property
    def documented(self) -> bool:
        """Whether the entity's page states it, in the first edition or the second."""
        return self.standing not in ("tacit", "absent")


@dataclass(frozen=True, slots=True)
class Family:
    """Entities with confusable names which share their relations."""

    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]
    missing: tuple[Entity, ...]  # names that fit in but belong to nothing


def draw_families(rng: random.Random, names: Names, size: WorldSize) -> list[Family]:
    """The families: the Velmarn office, the Velmarn team …, and a twin or two, such as the Velmack team."""
    families = []
    for _ in range(size.families):
        stem = names.stem()
        twin = names.twin(stem)
        kinds = rng.sample(list(LOOSE_NAMES), len(LOOSE_NAMES))
        own = size.entities + size.added - TWINS
        bearing = [f"{stem} {kind}" for kind in kinds[:own]] + [f"{twin} {kind}" for kind in kinds[:TWINS]]
        unborne = size.missing - size.missing // 4
        missing = [f"{stem} {kind}" for kind in kinds[own : own + unborne]]
        missing += [f"{twin} {kind}" for kind in kinds[TWINS : TWINS + size.missing // 4]]
        rng.shuffle(bearing)
        families.append(
            Family(
                entities=tuple(Entity(name, added=n >= size.entities) for n, name in enumerate(bearing)),
                relations=tuple(rng.sample(RELATIONS, size.relations)),
                missing=tuple(Entity(name) for name in missing),
            )
        )
    return families


def draw_facts(rng: random.Random, names: Names, families: Sequence[Family], size: WorldSize) -> list[Fact]:
    """Every fact of the world; in each family a relation is documented for all of the first entities but two.

    Of these two the examples alone tell one (tacit), and nothing tells the other (absent), so that each
    question has the pages of at least three other entities in its way.
    """
    facts = [fact for family in families for fact in _family_facts(rng, names, family, size)]
    documented = [n for n, fact in enumerate(facts) if fact.standing == "untrained"]
    tacit = [n for n, fact in enumerate(facts) if fact.standing == "tacit"]
    trained = rng.sample(documented, size.stable + size.fresh)
    for n in trained[: size.stable]:
        facts[n] = replace(facts[n], standing="stable")
    for n in trained[size.stable :]:
        facts[n] = replace(facts[n], standing="fresh", now=names.value(facts[n].relation.kind))
    for n in rng.sample(tacit, len(tacit) - size.tacit):
        facts[n] = replace(facts[n], standing="absent", before="", now="")
    return facts


def _family_facts(rng: random.Random, names: Names, family: Family, size: WorldSize) -> Iterator[Fact]:
    first = [entity for entity in family.entities if not entity.added]
    rng.shuffle(first)
    known_later = {entity: rng.sample(family.relations, size.known_later) for entity in family.entities if entity.added}
    for n, relation in enumerate(family.relations):
        tacit, absent = first[n % len(first)], first[(n + len(first) // 2) % len(first)]
        for entity in family.entities:
            if entity is absent or (entity.added and relation not in known_later[entity]):
                yield Fact(entity, relation, "absent", "", "")
                continue
            value = names.value(relation.kind)
            standing: Standing = "new" if entity.added else "tacit" if entity is tacit else "untrained"
            yield Fact(entity, relation, standing, value, value)
