"""Events: who did what, where, when, for whom. One sentence, a question for each of its parts.

Relations teach to look a value up; events teach which part of a sentence a question asks for.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossover.adapters.base_model import words as w
from crossover.adapters.base_model.draw import Draw


@dataclass(frozen=True, slots=True)
class Verb:
    """The three forms of a verb."""

    base: str
    past: str
    participle: str

    @property
    def forms(self) -> dict[str, str]:
        """By the letters that templates have for them."""
        return {"x": self.base, "y": self.past, "z": self.participle}


def _verbs(text: str) -> tuple[Verb, ...]:
    """Verbs from `base` (regular) or `base/past/participle`, separated by blanks."""
    verbs = []
    for entry in text.split():
        base, *forms = entry.split("/")
        past = forms[0] if forms else base + "d" if base.endswith("e") else base + "ed"
        verbs.append(Verb(base, past, forms[1] if len(forms) > 1 else past))
    return tuple(verbs)


VERBS = _verbs(
    "build/built repair paint/painted design test open close move sell/sold buy/bought rent clean replace inspect "
    "order deliver collect sort measure record photograph invent discover publish print translate teach/taught "
    "describe attack defend capture destroy rebuild/rebuilt burn bury/buried import export ship/shipped "
    "carry/carried store find/found lose/lost steal/stole/stolen donate borrow/borrowed lend/lent "
    "break/broke/broken mend weld polish assemble copy/copied file scan/scanned approve reject announce cancel "
    "postpone visit support finance sponsor produce grow/grew/grown harvest cook/cooked serve study/studied explore "
    "map/mapped drill dig/dug cover expand check wash mark move lift drop/dropped hide/hid/hidden catch/caught weigh "
    "lock heat cool load empty/emptied fix pack unpack send/sent bring/brought take/took/taken give/gave/given "
    "choose/chose/chosen show/showed/shown write/wrote/written read/read/read draw/drew/drawn keep/kept leave/left "
    "win/won hold/held cut/cut/cut mix press fold wrap/wrapped label number count test train watch guard clear "
    "restore connect install remove reduce raise lower improve rename register insure advertise display "
    "discuss plan/planned prepare present reward return review select separate share sign stamp/stamped stop/stopped "
    "taste tie touch trade transport treat trim/trimmed unload verify/verified warm water welcome"
)
VERBS_HELD_OUT = _verbs("auction dismantle unveil decorate refuse salvage recycle praise patent smuggle/smuggled")

# {a} who, {o} what, {p} where, {t} when, {r} for whom; {x}, {y}, {z} are the verb's forms.
STATEMENTS = (
    "{a} {y} {o} in {p} {t}.", "{t}, {a} {y} {o} in {p}.", "{o} was {z} by {a} in {p} {t}.",
    "In {p}, {a} {y} {o} for {r}.", "{a} {y} {o} for {r} {t}.", "{o} was {z} in {p} by {a} for {r}.",
    "It was {a} that {y} {o} in {p}.", "{a} and {r} {y} {o} together in {p} {t}.",
    "For {r}, {o} was {z} by {a} {t}.", "{a}, which is based in {p}, {y} {o} {t}.",
    "{t}, {o} was {z} by {a}, while {r} looked on in {p}.", "After a long wait, {a} {y} {o} in {p} {t}.",
    "While in {p}, {a} {y} {o}.", "{o}, {z} by {a} {t}, is now in use.", "The one who {y} {o} {t} was {a}.",
    "{t}, {o} was {z} by {a} in {p}.", "What {a} {y} {t} was {o}.", "Where {a} {y} {o} is well known: in {p}.",
    "{a} {y} {o} for {r}, and did so in {p}.", "{o} had to be {z}, and {a} did it {t}.",
    "To help {r}, {a} {y} {o} {t}.",
)  # fmt: skip
STATEMENTS_HELD_OUT = (
    "No sooner had {r} asked than {a} {y} {o} over in {p} {t}.", "Having {z} {o} {t}, {a} left {p}.",
    "{p} saw {o} being {z} by {a} {t}.",
)  # fmt: skip
# Question, and the part that answers it. A question is only asked of a sentence that names its part.
QUESTIONS = (
    ("Who {y} {o}?", "a"), ("Which of them {y} {o}?", "a"), ("By whom was {o} {z}?", "a"),
    ("{o} was {z} by whom?", "a"),
    ("Who was it that {y} {o}?", "a"), ("What did {a} {x}?", "o"), ("What was {z} by {a}?", "o"),
    ("Which thing did {a} {x}?", "o"), ("Where did {a} {x} {o}?", "p"), ("Where was {o} {z}?", "p"),
    ("In which place was {o} {z}?", "p"), ("In what place did {a} {x} {o}?", "p"), ("When did {a} {x} {o}?", "t"),
    ("When was {o} {z}?", "t"), ("On what date was {o} {z} by {a}?", "t"),
    ("At what point in time did {a} {x} {o}?", "t"),
    ("For whom was {o} {z}?", "r"), ("For whom did {a} {x} {o}?", "r"),
    ("Who has {z} {o}?", "a"), ("The one who {y} {o} was who?", "a"), ("Who did {x} {o}?", "a"),
    ("Which thing was {z} by {a}?", "o"), ("What has {a} {z}?", "o"), ("{a} {y} what?", "o"),
    ("What exactly did {a} {x}?", "o"), ("Where exactly did {a} {x} {o}?", "p"), ("{a} {y} {o} where?", "p"),
    ("In which town was {o} {z}?", "p"), ("When exactly was {o} {z}?", "t"), ("{a} {y} {o} when?", "t"),
    ("Do you know when {o} was {z}?", "t"), ("When was it that {a} {y} {o}?", "t"),
    ("Whom did {a} {x} {o} for?", "r"),
)  # fmt: skip
QUESTIONS_HELD_OUT = (
    ("Whose work was it that {o} got {z}?", "a"), ("What is it that {a} {y}?", "o"),
    ("Name the place where {a} {y} {o}.", "p"), ("Since when has {o} been {z}?", "t"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that an entity did: the parts by their letters in the templates."""

    verb: Verb
    parts: tuple[tuple[str, str], ...]
    statement: str
    key: str = "event"

    @classmethod
    def drawn(cls, draw: Draw) -> Event:
        """A new event without its agent."""
        unseen = draw.split == "held-out"
        verb = draw.pick(VERBS_HELD_OUT if unseen else VERBS)
        statement = draw.pick(STATEMENTS_HELD_OUT if unseen else STATEMENTS)
        count = (draw.pick(w.NOUNS), draw.pick(w.NOUNS))[: draw.pick((1, 1, 2))]
        thing = " ".join(((draw.pick(w.ADJECTIVES),) if draw.chance(0.8) else ()) + count)
        when = draw.value(draw.pick(("date", "year")))
        parts = (
            ("o", draw.pick(("the ", "the ", "its ", "every ")) + thing),
            ("p", draw.value("place")),
            ("t", when),
            ("r", draw.value(draw.pick(("org", "person")))),
        )
        return cls(verb, parts, statement, key=f"event {verb.base}")

    def state(self, agent: str) -> str:
        """The sentence, without a capital at its start."""
        return self._fill(self.statement, agent, stated=True)

    def ask(self, draw: Draw, agent: str) -> tuple[str, str]:
        """A question about a part of the sentence, and that part."""
        asked = QUESTIONS_HELD_OUT if draw.split == "held-out" else QUESTIONS
        named = {part for part in "apotr" if f"{{{part}}}" in self.statement}
        if " and {r} " in self.statement or ", while {r} " in self.statement:
            named -= {"r"}  # stands there, but it isn't the one it was done for
            named -= {"a"} if " and {r} " in self.statement else set()
        if "had {r} asked" in self.statement:
            named -= {"r"}
        if "is based in {p}" in self.statement or "looked on in {p}" in self.statement or "left {p}" in self.statement:
            named -= {"p"}
        fitting = [(question, part) for question, part in asked if part in named]
        question, part = draw.pick(fitting)
        answer = agent if part == "a" else dict(self.parts)[part]
        return self._fill(question, agent), answer

    def _fill(self, template: str, agent: str, *, stated: bool = False) -> str:
        values = dict(self.parts)
        when = values["t"]
        if stated:
            values["t"] = f"in {when}" if when.isdigit() else f"on {when}"
        return template.format(a=agent, **self.verb.forms, **{k: values[k] for k in "optr"})


def wordings(*, held_out: bool = False) -> list[str]:
    """Every template with every verb, the parts masked as {e} (who) and {v} (everything else)."""
    verbs, statements, questions = (
        (VERBS_HELD_OUT, STATEMENTS_HELD_OUT, QUESTIONS_HELD_OUT) if held_out else (VERBS, STATEMENTS, QUESTIONS)
    )
    templates = (*statements, *(question for question, _ in questions))
    masks = {"a": "{e}", "o": "{v}", "p": "{v}", "t": "{v}", "r": "{v}"}
    return [template.format(**verb.forms, **masks) for verb in verbs for template in templates]
