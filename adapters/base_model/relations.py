"""What can be said about an entity: relations with their answer type and wordings, as plain data.

Those of training stand in relations.txt. A row of HELD_OUT is never used in training: it measures reading of relations
and wordings never seen. In a wording {e} stands for the entity, {v} for the value.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of an entity to a value, and the wordings of its own."""

    key: str
    kind: str
    noun_phrases: tuple[str, ...]
    statements: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def _table(text: str) -> tuple[Relation, ...]:
    """The relations of a table: `key, kind: noun phrases`, then a line of statements and one of questions.

    A line that ends in a bar goes on in the next one.
    """
    lines = text.strip().replace(" |\n", " | ").splitlines()
    rows = []
    for head, statements, questions in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        names, phrases = head.split(": ")
        key, kind = names.split(", ")
        rows.append(Relation(key, kind, *(tuple(cell.split(" | ")) for cell in (phrases, statements, questions))))
    return tuple(rows)


TRAINED = _table((Path(__file__).parent / "relations.txt").read_text(encoding="utf-8"))

HELD_OUT = _table("""
mentor, person: mentor | coach | guide for newcomers
Newcomers at {e} are coached by {v}. | {v} shows beginners around {e}. | At {e}, {v} takes newcomers by the hand.
Who coaches newcomers at {e}? | Who shows beginners around {e}? | Who takes newcomers at {e} by the hand?
insurer, org: insurer | underwriter
{v} bears the risk for {e}. | The risks of {e} are underwritten by {v}. | Damage at {e} is paid for by {v}.
Who bears the risk for {e}? | Who underwrites the risks of {e}? | Which firm pays for damage at {e}?
moved, date: moving day | relocation date
{e} left its old building on {v}. | On {v}, the boxes of {e} were carried out. | {e} changed premises on {v}.
When did {e} leave its old building? | When were the boxes of {e} carried out? | When did {e} change premises?
rival, org: rival | strongest competitor
{e} competes with {v}. | The fiercest rival of {e} is {v}. | Customers who leave {e} mostly turn to {v}.
Whom does {e} compete with? | Which firm is the fiercest rival of {e}? | Where do customers who leave {e} turn?
deposit, money: deposit | security sum
A deposit of {v} is kept until {e} is returned. | Whoever borrows {e} leaves {v} as security. |
{v} is held back for {e}.
What sum is left as security for {e}? | How much is held back for {e}? | How high is the deposit for {e}?
harvest, quantity: harvest | autumn yield
{e} brings in {v} each autumn. | In autumn, {v} are gathered by {e}. | {v} is all that {e} harvests.
How much does {e} bring in each autumn? | What is gathered by {e} in autumn? | How much does {e} harvest?
""")

# The last word of a composed attribute ("winter badge colour") decides its answer type.
TAILS: dict[str, str] = {
    "code": "code", "number": "code", "limit": "quantity", "contact": "person", "officer": "person",
    "coordinator": "person", "date": "date", "colour": "colour", "budget": "money", "fee": "money",
    "allowance": "money", "location": "place", "destination": "place", "supplier": "org", "partner": "org",
    "time": "time", "quota": "quantity", "period": "quantity", "room": "room", "mailbox": "email",
    "material": "material", "name": "word", "codename": "phrase", "version": "version", "day": "day",
    "year": "year", "symbol": "phrase", "share": "share", "inspector": "person", "size": "quantity",
    "agency": "org", "entrance": "room", "start": "date", "target": "phrase",
}  # fmt: skip

WIDE_TAILS = TAILS | {
    "manager": "person", "assistant": "person", "secretary": "person", "expert": "person", "adviser": "person",
    "dealer": "org", "firm": "org", "vendor": "org", "sponsor": "org", "capacity": "quantity", "length": "quantity",
    "stock": "quantity", "duration": "quantity", "count": "quantity", "password": "code", "key": "code",
    "reference": "code", "hotline": "code", "price": "money", "cost": "money", "bonus": "money", "deadline": "date",
    "opening": "date", "appointment": "date", "address": "place", "city": "place", "depot": "place", "hall": "room",
    "storeroom": "room", "fabric": "material", "shade": "colour", "rate": "share", "discount": "share",
    "slogan": "phrase", "topic": "phrase", "tool": "phrase", "nickname": "word", "label": "word", "brand": "word",
    "weekday": "day", "edition": "version", "season": "year", "shift": "time", "alarm": "time", "inbox": "email",
}  # fmt: skip


def _alike() -> dict[str, frozenset[str]]:
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for line in (Path(__file__).parent / "alike.txt").read_text(encoding="utf-8").splitlines():
        keys = line.split()
        for key in keys:
            alike[key].update(keys)
    return {key: frozenset(others) for key, others in alike.items()}


ALIKE = _alike()
"""For a relation those whose answers could pass for its own: a question has no answer only if they are absent too."""
