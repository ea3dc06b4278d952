"""Reading real sentences: questions made of a sentence by leaving a part of it out, or a part that was put in.

A passage is a stretch of real prose (`prose.py`). Two kinds of questions are made of one of its sentences, both
without knowing its grammar: a *gap*, where a run of ordinary words becomes "what" (as in cloze translation, Lewis et
al. 2019, https://arxiv.org/abs/1906.04980), and a *planted* value, where a person, a date or a sum is put into the
sentence and asked for by who, when or how much. Words around the gap are dropped, moved and replaced by near ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from crossover.adapters.base_model.dialogues import Dialogue, cited, system_message
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.facts import capitalised
from crossover.adapters.base_model.lexicon import FUNCTION_WORDS, reworded, wide_name, words
from crossover.adapters.base_model.prose import sentences
from crossover.adapters.prompt import UNKNOWN, Message, render


@dataclass(frozen=True, slots=True)
class Cloze:
    """How such passages and questions look; all but the counts are shares of 1."""

    passages: tuple[int, int] = (1, 3)
    sentences: tuple[int, int] = (1, 3)
    turns: tuple[int, int] = (1, 3)
    planted: float = 0.6
    """Sentences into which values are put."""
    unanswerable: float = 0.15
    near: float = 0.1
    """Words of a question that are replaced by near ones."""
    titles: float = 0.2


@dataclass(frozen=True, slots=True)
class _Planted:
    """A value as it stands in a sentence, and how it is asked for."""

    kind: str
    value: str
    phrase: str
    asked: tuple[str, ...]


@dataclass(slots=True)
class _Sentence:
    """One sentence with what was put into it; `base` is the sentence before."""

    base: str
    text: str
    planted: list[_Planted] = field(default_factory=list)


# Kind of the value, how it may stand in a sentence, how it is asked for.
_KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "person": (
        ("by {v}", "with {v}", "together with {v}", "thanks to {v}", "according to {v}", "for {v}"),
        ("Who", "By whom", "With whom", "Which person", "What is the name of the person who",
         "Whose name is given when", "What person"),
    ),
    "place": (
        ("in {v}", "near {v}", "at {v}", "outside {v}", "north of {v}", "in the city of {v}"),
        ("Where", "In which place", "What place", "In what city", "Where exactly", "At what location", "Which city"),
    ),
    "org": (
        ("by {v}", "at {v}", "for {v}", "on behalf of {v}", "through {v}"),
        ("Which company", "Which firm", "What organization", "What company", "Which organisation", "What group"),
    ),
    "year": (
        ("in {v}", "since {v}", "around {v}", "by {v}", "until {v}"),
        ("When", "In what year", "In which year", "What year", "Since when", "During what year"),
    ),
    "date": (
        ("on {v}", "since {v}", "before {v}", "until {v}"),
        ("When", "On what date", "On which day", "What day", "What was the date when"),
    ),
    "quantity": (
        ("for {v}", "after {v}", "within {v}", "with {v}", "about {v}"),
        ("How many", "How much", "How long", "For how long", "What amount", "How many of them"),
    ),
    "money": (
        ("for {v}", "at a cost of {v}", "with {v}", "worth {v}"),
        ("How much", "How much money", "For how much", "What sum", "At what cost", "What price"),
    ),
    "share": (
        ("in {v} of all cases", "by {v}", "up to {v}", "for {v} of the users"),
        ("What percentage", "How often", "By how much", "What share", "In how many cases", "What percent"),
    ),
    "time": (("at {v}", "before {v}", "from {v} on"), ("At what time", "When", "What time", "By what time")),
    "code": (("under {v}", "as {v}", "with code {v}"), ("Under which code", "What code", "Which number", "As what")),
    "material": (("of {v}", "with {v}", "made from {v}"), ("What material", "Of what", "From what")),
    "colour": (("in {v}", "painted {v}", "marked {v}"), ("What color", "Which colour", "In what colour")),
}  # fmt: skip
_WIDE: dict[str, Callable[[Draw], str]] = {
    "person": lambda d: f"{wide_name(d)} {wide_name(d)}",
    "place": wide_name,
    "org": lambda d: f"{wide_name(d)} {wide_name(d)}",
}
_PREPOSITIONS = frozenset("for with when if that which because while from to and but as or where after before".split())


def cloze(draw: Draw, task: Cloze) -> Dialogue | None:
    """Passages of real prose and questions about them; None when no question could be made."""
    prose = sentences()
    lengths = [draw.between(*task.sentences) for _ in range(draw.between(*task.passages))]
    start = draw.between(0, len(prose) - 1 - sum(lengths) - 20)
    pages: list[list[_Sentence]] = []
    for length in lengths:
        pages.append([_planted(draw, text, task) for text in prose[start : start + length]])
        start += length + (draw.between(0, 3) if draw.chance(0.7) else 0)
    titled = draw.chance(task.titles)
    passages = [(_title(draw) if titled else "", " ".join(sentence.text for sentence in page)) for page in pages]
    other = prose[(start + draw.between(2, 40)) % len(prose)]
    asked: list[tuple[str, str, str, int | None]] = []
    for _ in range(draw.between(*task.turns)):
        if draw.chance(task.unanswerable):
            question = _unanswerable(draw, task, pages, other)
            if question:
                asked.append((question, UNKNOWN, UNKNOWN, None))
            continue
        n = draw.between(1, len(pages))
        sentence = draw.pick(pages[n - 1])
        made = _question(draw, task, sentence)
        if made and sum(text.count(made[1]) for _, text in passages) == 1:
            asked.append((made[0], cited(made[1], n), made[1], n))
    if not asked:
        return None
    (first, answer, _, _), *rest = asked
    messages = render(first, system=system_message(draw, passages=True), passages=passages)
    trained = [False] * len(messages) + [True]
    messages.append(Message("assistant", answer))
    for question, answer, *_ in rest:
        messages += [Message("user", question), Message("assistant", answer)]
        trained += [False, True]
    last, _, value, number = asked[-1]
    source = None if number is None else number - 1
    return Dialogue(tuple(messages), tuple(trained), value, last, tuple(passages), source)


def _title(draw: Draw) -> str:
    return " ".join(wide_name(draw) for _ in range(draw.between(1, 3)))


def _planted(draw: Draw, text: str, task: Cloze) -> _Sentence:
    """The sentence with up to three values of different kinds put in."""
    made = _Sentence(text, text)
    if not draw.chance(task.planted):
        return made
    for kind in draw.random.sample(list(_KINDS), draw.pick((1, 1, 2, 3))):
        phrases, asked = _KINDS[kind]
        value = _WIDE[kind](draw) if kind in _WIDE and draw.chance(0.5) else draw.value(kind)
        phrase = draw.pick(phrases).format(v=value)
        made.planted.append(_Planted(kind, value, phrase, asked))
        made.text = _put_in(draw, made.text, phrase)
    return made


def _put_in(draw: Draw, text: str, phrase: str) -> str:
    """The sentence with a phrase at its start, at its end, or before a word that begins a new part."""
    where = draw.random.random()
    if where < 0.25:
        return f"{capitalised(phrase)}, {text[:1].lower()}{text[1:]}"
    parts = text.split(" ")
    at = [n for n, word in enumerate(parts) if n > 1 and word in _PREPOSITIONS]
    if where < 0.6 and at:
        n = draw.pick(at)
        before, after = " ".join(parts[:n]), " ".join(parts[n:])
        return f"{before}, {phrase}, {after}" if draw.chance(0.2) else f"{before} {phrase} {after}"
    return f"{text.removesuffix('.')} {phrase}."


def _question(draw: Draw, task: Cloze, sentence: _Sentence) -> tuple[str, str] | None:
    """A question that the sentence answers, and its answer."""
    if sentence.planted and draw.chance(0.85):
        planted = draw.pick(sentence.planted)
        return _asked_for(draw, task, sentence.base, planted), planted.value
    parts = sentence.text.removesuffix(".").split(" ")
    runs = [run for run in _runs(parts) if run[1] - run[0] <= 4]
    if not runs:
        return None
    begin, end = draw.pick(runs)
    answer = " ".join(parts[begin:end]).strip(",;:()\"'")
    if len(answer) < 3 or sentence.text.count(answer) != 1:
        return None
    left = _noisy(draw, task, parts[max(0, begin - draw.between(2, 9)) : begin])
    right = _noisy(draw, task, parts[end : end + draw.between(2, 9)])
    what = draw.pick(("what", "what", "what", "which", "which thing", "what kind of thing"))
    kind = draw.random.random()
    if kind < 0.4:
        made = [*left, what, *right]
    elif kind < 0.75:
        made = [what, *right, *left]
    else:
        made = [*right, *left, what] if draw.chance(0.5) else [what, "is it that", *left, *right]
    if len(made) < 4:
        return None
    return capitalised(_lowered(" ".join(made))) + "?", answer


def _asked_for(draw: Draw, task: Cloze, base: str, planted: _Planted) -> str:
    parts = base.removesuffix(".").split(" ")
    length = draw.between(4, 12)
    begin = draw.between(0, max(0, len(parts) - length))
    context = " ".join(_noisy(draw, task, parts[begin : begin + length]))
    asked = draw.pick(planted.asked)
    preposition = planted.phrase.split(" ")[0]
    kind = draw.random.random()
    if kind < 0.12:
        return f"{capitalised(_lowered(context))} {preposition} {_lowered(asked)}?"
    if kind < 0.3:
        return f"{asked} {draw.pick(('was', 'is', 'did', 'does', 'were', 'are'))} {_lowered(context)}?"
    if kind < 0.4:
        return f"{asked} {_lowered(context)} {preposition}?"
    return f"{asked} {_lowered(context)}?"


def _unanswerable(draw: Draw, task: Cloze, pages: list[list[_Sentence]], other: str) -> str | None:
    """A question about a sentence that is not there, or for a kind of value that its sentence lacks."""
    if draw.chance(0.5):
        made = _question(draw, task, _planted(draw, other, task))
        return made[0] if made else None
    sentence = draw.pick(draw.pick(pages))
    there = {planted.kind for planted in sentence.planted}
    groups = ({"year", "date", "time"}, {"person", "org"}, {"quantity", "share", "money"})
    there |= {kind for group in groups if group & there for kind in group}
    missing = [kind for kind in _KINDS if kind not in there]
    kind = draw.pick(missing)
    phrases, asked = _KINDS[kind]
    return _asked_for(draw, task, sentence.base, _Planted(kind, "", draw.pick(phrases), asked))


def _runs(parts: list[str]) -> list[tuple[int, int]]:
    """Stretches of ordinary words; a comma ends one."""
    runs, begin = [], None
    for n, part in enumerate([*parts, "the"]):
        ordinary = part.strip(",;:()\"'").lower() not in FUNCTION_WORDS and part.strip(",;:()\"'") != ""
        if ordinary and begin is None:
            begin = n
        if begin is not None and (not ordinary or part[-1:] in ",;:"):
            runs.append((begin, n + 1 if ordinary else n))
            begin = None
    return [(a, b) for a, b in runs if b > a]


def _noisy(draw: Draw, task: Cloze, parts: list[str]) -> list[str]:
    """The words without some of the small ones, and with near ones for some of the others."""
    kept = [part for part in parts if part not in FUNCTION_WORDS or not draw.chance(0.15)]
    return reworded(draw, " ".join(part.strip(",;:") for part in kept), task.near).split(" ")


def _lowered(text: str) -> str:
    """Without the capital of a first ordinary word; names and acronyms keep theirs."""
    first = text.split(" ")[0]
    return text[:1].lower() + text[1:] if first[1:].islower() or len(first) == 1 else text


def unread(draw: Draw, task: Cloze) -> Dialogue | None:
    """A question about prose that is not there: the model does not know."""
    made = cloze(draw, task)
    if not made:
        return None
    messages = render(made.question, system=system_message(draw, passages=False))
    answered = (*messages, Message("assistant", UNKNOWN))
    return Dialogue(answered, (*([False] * len(messages)), True), UNKNOWN)


def words_copied(draw: Draw, count: int) -> Dialogue:
    """A row of ordinary words in either case, to be repeated: every word of the vocabulary can be said."""
    text = " ".join(wide_name(draw) if draw.chance(0.4) else draw.pick(words()) for _ in range(count))
    return Dialogue((Message("user", f"Repeat: {text}"), Message("assistant", text)), (False, True), text)
