"""How large a world is."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.eval.world.relations import RELATIONS

_MOST_NAMES = 14  # last words that a name can have
TWINS = 2  # entities of a family whose names differ from the others' in their first word
_FEWEST_ENTITIES = 6  # of one relation two entities' facts are in no document, and a question needs three distractors


@dataclass(frozen=True, slots=True)
class WorldSize:
    """The numbers of a world.

    Raises:
        ValueError: a number does not fit the others; the message says which and its limit.
    """

    families: int  # groups of entities with confusable names
    entities: int  # in each family, with a page from the start
    added: int  # in each family, with a page in the later documents only
    missing: int  # names in each family that nothing bears; half are trained to be refused, half asked
    relations: int  # known in each family
    known_later: int  # of these about each added entity
    stable: int  # trained facts that stay as they are
    fresh: int  # trained facts that change afterwards
    tacit: int  # trained facts that no document states
    questions: int  # in each slice
    wordings: int  # trained, for each fact
    house_style: int  # how many of these wordings ask for a log line
    refusals: int  # things to refuse among the examples, with as many wordings each

    def __post_init__(self) -> None:
        documented, tacit = self.documented, self.families * self.relations
        limits = {
            "families": (1, self.families, self.families),
            "entities": (_FEWEST_ENTITIES, self.entities, self.entities),
            "added": (1, self.added, _MOST_NAMES + TWINS - self.entities - self.missing + self.missing // 4),
            "missing": (2, self.missing, _MOST_NAMES),
            "relations": (1, self.relations, len(RELATIONS)),
            "known_later": (1, self.known_later, self.relations),
            "stable + fresh": (2, self.stable + self.fresh, documented),
            "tacit": (1, self.tacit, tacit),
            "questions": (1, self.questions, 2 * min(self.stable, self.fresh, self.tacit)),
            "wordings": (1, self.wordings, 15),
            "house_style": (0, self.house_style, self.wordings),
            "refusals": (0, self.refusals, tacit),
        }
        for name, (least, value, most) in limits.items():
            if not least <= value <= most:
                raise ValueError(f"world size: {name} is {value}, must be from {least} to {most}")

    @property
    def documented(self) -> int:
        """Facts that the first documents state."""
        return self.families * self.relations * (self.entities - 2)


@dataclass(frozen=True, slots=True)
class Grade:
    """How much of a world an adapter is taught and a search can find; 1 and 1 is the world as it is.

    Attributes:
        taught: share of the trained facts that the examples tell.
        indexed: share of the later edition's pages that there are.
    """

    taught: float = 1.0
    indexed: float = 1.0

    def __str__(self) -> str:
        return "" if self == WHOLE else f"-taught-{self.taught:g}-indexed-{self.indexed:g}"


WHOLE = Grade()

SIZES = {
    "tiny": WorldSize(
        families=1, entities=6, added=2, missing=4, relations=4, known_later=4, stable=5, fresh=5, tacit=3, questions=5,
        wordings=4, house_style=1, refusals=2,
    ),
    "small": WorldSize(
        families=2, entities=9, added=3, missing=4, relations=12, known_later=9, stable=18, fresh=18, tacit=18,
        questions=36, wordings=5, house_style=1, refusals=10,
    ),
    "demo": WorldSize(
        families=4, entities=9, added=3, missing=4, relations=12, known_later=9, stable=36, fresh=36, tacit=36,
        questions=72, wordings=5, house_style=1, refusals=20,
    ),
    # For the age of knowledge: nearly all that the examples tell has changed since.
    "changed": WorldSize(
        families=16, entities=9, added=3, missing=4, relations=12, known_later=9, stable=20, fresh=500, tacit=20,
        questions=40, wordings=5, house_style=1, refusals=10,
    ),
}  # fmt: skip
