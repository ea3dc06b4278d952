"""What can be said of an entity: the relations, their statements and their questions, as data.

In every frame {e} is the entity, {v} the value and {np} the relation's noun phrase. With names, values and noun
phrases masked, no frame has five words in a row in common with the text that the built-in model was pre-trained
on, so that what is measured is reading, not the recognition of a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crossover.eval.world.names import Kind

Topic = Literal["People", "Papers", "Planning", "Money", "Travel", "Daily life"]


@dataclass(frozen=True, slots=True)
class Relation:
    """One thing that is known of an entity; `told` and `asked` are the wordings that belong to it alone."""

    key: str
    kind: Kind
    topic: Topic
    noun: str
    synonym: str
    told: str
    asked: str


RELATIONS = (
    Relation(
        "hotline_contact", "person", "People", "hotline contact", "contact on the hotline",
        "The hotline contact who answers calls about {e} is {v}.",
        "Which hotline contact answers calls about {e}?",
    ),
    Relation(
        "privacy_officer", "person", "People", "privacy officer", "officer for privacy",
        "The privacy officer who keeps secrets for {e} is {v}.",
        "Which privacy officer keeps secrets for {e}?",
    ),
    Relation(
        "ledger_code", "code", "Papers", "ledger code", "code in the ledger",
        "The ledger code that bookkeepers enter for {e} is {v}.",
        "Which ledger code is entered for {e}?",
    ),
    Relation(
        "docket_number", "code", "Papers", "docket number", "number on the docket",
        "The docket number printed for {e} is {v}.",
        "What docket number do papers about {e} have?",
    ),
    Relation(
        "printing_quota", "pages", "Papers", "printing quota", "quota for printing",
        "The printing quota that {e} has each month is {v}.",
        "What printing quota does {e} get each month?",
    ),
    Relation(
        "standby_time", "time", "Planning", "standby time", "time of standby",
        "The standby time for whoever watches over {e} is {v}.",
        "What standby time holds for whoever watches over {e}?",
    ),
    Relation(
        "handover_time", "time", "Planning", "handover time", "time of handover",
        "The handover time at which shifts change for {e} is {v}.",
        "At what handover time do shifts change for {e}?",
    ),
    Relation(
        "renewal_date", "date", "Planning", "renewal date", "date of renewal",
        "The renewal date for all contracts around {e} is {v}.",
        "What renewal date do contracts around {e} have?",
    ),
    Relation(
        "inventory_date", "date", "Planning", "inventory date", "date for the inventory",
        "The inventory date on which we count everything for {e} is {v}.",
        "What inventory date holds for {e}?",
    ),
    Relation(
        "licence_fee", "amount", "Money", "licence fee", "fee for the licence",
        "The licence fee that keeps {e} legal is {v}.",
        "What licence fee keeps {e} legal?",
    ),
    Relation(
        "overtime_allowance", "amount", "Money", "overtime allowance", "allowance for overtime",
        "The overtime allowance on long evenings for {e} is {v}.",
        "What overtime allowance do evenings with {e} bring?",
    ),
    Relation(
        "luggage_limit", "weight", "Travel", "luggage limit", "limit for luggage",
        "The luggage limit on trips for {e} is {v}.",
        "What luggage limit holds on trips for {e}?",
    ),
    Relation(
        "retreat_destination", "place", "Travel", "retreat destination", "destination of the retreat",
        "The retreat destination picked for {e} is {v}.",
        "What retreat destination was picked for {e}?",
    ),
    Relation(
        "evacuation_location", "place", "Travel", "evacuation location", "location after an evacuation",
        "The evacuation location for everyone around {e} is {v}.",
        "What evacuation location holds for {e}?",
    ),
    Relation(
        "logo_symbol", "phrase", "Daily life", "logo symbol", "symbol in the logo",
        "The logo symbol printed on shirts for {e} is {v}.",
        "What logo symbol do shirts for {e} have?",
    ),
    Relation(
        "radio_codename", "phrase", "Daily life", "radio codename", "codename on the radio",
        "The radio codename that stands for {e} is {v}.",
        "By what radio codename do we call {e}?",
    ),
    Relation(
        "catering_supplier", "firm", "Daily life", "catering supplier", "supplier for catering",
        "The catering supplier that feeds guests of {e} is {v}.",
        "Which catering supplier feeds guests of {e}?",
    ),
    Relation(
        "cleaning_partner", "firm", "Daily life", "cleaning partner", "partner for cleaning",
        "The cleaning partner that mops floors for {e} is {v}.",
        "Which cleaning partner mops floors for {e}?",
    ),
)  # fmt: skip

# Statements of any relation, of one whose value is a thing, of one whose value is a person or a firm.
_TOLD = (
    "The {np} agreed for {e} is {v}.",
    "The {np} noted for {e} is {v}.",
    "The {np} that goes with {e} is {v}.",
    "The {np} everyone knows for {e} is {v}.",
    "{e} has a {np}, and it is {v}.",
    "Papers about {e} say that its {np} is {v}.",
    "Whoever deals with {e} should know that its {np} is {v}.",
    "After long talks about {e}, its {np} is {v}.",
)
_TOLD_THING = (
    "The {np} you will need for {e} is {v}.",
    "The {np} in use for {e} is {v}.",
    "The {np} we use for {e} is {v}.",
    "The {np} they gave {e} is {v}.",
    "The {np} set down for {e} is {v}.",
    "The {np} that works best for {e} is {v}.",
)
_TOLD_WHO = (
    "The {np} who helps with {e} is {v}.",
    "The {np} everyone trusts with {e} is {v}.",
    "The {np} you will meet about {e} is {v}.",
    "The {np} working for {e} is {v}.",
)
# Statements that leave the entity to the sentence before.
_HERE = ("The {np} that counts here is {v}.", "The {np} we all know is {v}.")
_HERE_THING = ("The {np} used here is {v}.", "The {np} you will need is {v}.")
_HERE_WHO = ("The {np} you will meet is {v}.", "The {np} working here is {v}.")
# Questions, in the same order.
_ASKED = (
    "Find out which {np} {e} has.",
    "Say which {np} {e} has.",
    "Someone asked which {np} {e} has.",
    "Please give me {e}'s {np}.",
    "Can anyone tell me {e}'s {np}?",
    "Do they know {e}'s {np}?",
    "{e}'s {np}, please.",
    "Which {np} does {e} use?",
    "Which {np} was agreed for {e}?",
    "Show me the {np} that goes with {e}.",
)
_ASKED_THING = (
    "What is the present {np} of {e}?",
    "What has become the {np} of {e}?",
    "What would be {e}'s {np}?",
    "I forgot the {np} used for {e}. What is it?",
    "What {np} has been set for {e}?",
    "Which {np} is used for {e}?",
    "What {np} is valid for {e}?",
    "What {np} will I need for {e}?",
    "Let me know the {np} used for {e}.",
)
_ASKED_WHO = (
    "Who is the present {np} of {e}?",
    "Who has become the {np} of {e}?",
    "Who would be {e}'s {np}?",
    "Which {np} helps with {e}?",
    "Which {np} do people trust with {e}?",
    "Which {np} works for {e}?",
    "Who works for {e} as {np}?",
    "Which {np} will I meet about {e}?",
    "Let me know the {np} working for {e}.",
)


def told(relation: Relation, *, nameless: bool = False) -> tuple[str, ...]:
    """The frames that state the relation; with `nameless` those that leave the entity to the sentence before."""
    who = relation.kind in ("person", "firm")
    if nameless:
        return _HERE + (_HERE_WHO if who else _HERE_THING)
    return (*_TOLD, *(_TOLD_WHO if who else _TOLD_THING), relation.told)


def asked(relation: Relation) -> tuple[str, ...]:
    """The frames that ask for the relation."""
    return (*_ASKED, *(_ASKED_WHO if relation.kind in ("person", "firm") else _ASKED_THING), relation.asked)
