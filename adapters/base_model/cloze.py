"""Reading real sentences: questions made of a sentence by leaving a part of it out, or a part that was put in.

A passage is a stretch of real prose (`prose.py`). Two kinds of questions are made of one of its sentences, both
without knowing its grammar: a *gap*, where a part of it (`gaps.py`) becomes "what" (as in cloze translation, Lewis et
al. 2019, https://arxiv.org/abs/1906.04980), and a *planted* value, where a person, a date or a sum is put into the
sentence and asked for by who, when or how much. Words around the gap are dropped, moved and replaced by near ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossover.adapters.base_model import gaps
from crossover.adapters.base_model.dialogues import Asked, Dialogue, about_passages, cited, single, system_message
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.facts import capitalised
from crossover.adapters.base_model.lexicon import FUNCTION_WORDS, reworded, wide_name, words
from crossover.adapters.base_model.planted import KINDS, Planted, Sentence, alike, planted
from crossover.adapters.base_model.prose import sentences
from crossover.adapters.prompt import UNKNOWN, Message, render

_VAGUE = frozenset({"Where", "Where exactly", "When", "As what", "Of what", "From what", "How often"})


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


def cloze(draw: Draw, task: Cloze) -> Dialogue | None:
    """Passages of real prose and questions about them; None when no question could be made."""
    prose = sentences()
    lengths = [draw.between(*task.sentences) for _ in range(draw.between(*task.passages))]
    start = draw.between(0, len(prose) - 1 - sum(lengths) - 20)
    pages: list[list[Sentence]] = []
    for length in lengths:
        pages.append([planted(draw, text, task.planted) for text in prose[start : start + length]])
        start += length + (draw.between(0, 3) if draw.chance(0.7) else 0)
    titled = draw.chance(task.titles)
    passages = [(_title(draw) if titled else "", " ".join(sentence.text for sentence in page)) for page in pages]
    other = prose[(start + draw.between(500, 5000)) % len(prose)]  # what stands near often says nearly the same
    asked: list[Asked] = []
    for _ in range(draw.between(*task.turns)):
        if draw.chance(task.unanswerable):
            question = _unanswerable(draw, task, pages, other)
            if question:
                asked.append(Asked(question, UNKNOWN, UNKNOWN))
            continue
        n = draw.between(1, len(pages))
        sentence = draw.pick(pages[n - 1])
        made = _question(draw, task, sentence)
        if made and sum(text.count(made[1]) for _, text in passages) == 1:
            asked.append(Asked(made[0], cited(made[1], n), made[1], n))
    return about_passages(draw, passages, asked) if asked else None


def _title(draw: Draw) -> str:
    return " ".join(wide_name(draw) for _ in range(draw.between(1, 3)))


def _question(draw: Draw, task: Cloze, sentence: Sentence) -> tuple[str, str] | None:
    """A question that the sentence answers, and its answer."""
    if sentence.planted and draw.chance(0.85):
        value = draw.pick(sentence.planted)
        return _asked_for(draw, task, sentence.base, value), value.value
    parts = sentence.text.removesuffix(".").split(" ")
    gap = gaps.drawn(draw, parts)
    if gap is None:
        return None
    answer = " ".join(parts[gap.begin : gap.end]).strip(",;:()\"'")
    if len(answer) < 3 or sentence.text.count(answer) != 1:
        return None
    left = _noisy(draw, task, parts[max(0, gap.before - draw.between(2, 9)) : gap.before])
    if gap.asked:
        return f"{draw.pick(gap.asked)} {_lowered(' '.join(left))}?", answer
    right = _noisy(draw, task, parts[gap.end : gap.end + draw.between(2, 9)])
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


def _asked_for(draw: Draw, task: Cloze, base: str, value: Planted) -> str:
    parts = base.removesuffix(".").split(" ")
    length = draw.between(4, 12)
    begin = draw.between(0, max(0, len(parts) - length))
    context = " ".join(_noisy(draw, task, parts[begin : begin + length]))
    asked = draw.pick(value.asked)
    preposition = value.phrase.split(" ")[0]
    kind = draw.random.random()
    if kind < 0.12:
        return f"{capitalised(_lowered(context))} {preposition} {_lowered(asked)}?"
    if kind < 0.3:
        return f"{asked} {draw.pick(('was', 'is', 'did', 'does', 'were', 'are'))} {_lowered(context)}?"
    if kind < 0.4:
        return f"{asked} {_lowered(context)} {preposition}?"
    return f"{asked} {_lowered(context)}?"


def _unanswerable(draw: Draw, task: Cloze, pages: list[list[Sentence]], other: str) -> str | None:
    """A question about a sentence that is not there, or for a kind of value that its sentence lacks."""
    if draw.chance(0.5):
        made = _question(draw, task, planted(draw, other, task.planted))
        return made[0] if made else None
    sentence = draw.pick(draw.pick(pages))
    there = {kind for value in sentence.planted for kind in alike(value.kind)}
    kind = draw.pick([kind for kind in KINDS if kind not in there and _clearly(kind)])
    phrases, asked = KINDS[kind][0], _clearly(kind)
    return _asked_for(draw, task, sentence.base, Planted(kind, "", draw.pick(phrases), asked))


def _clearly(kind: str) -> tuple[str, ...]:
    """The ways to ask for a kind of value that a sentence without one hardly answers all the same."""
    return tuple(asked for asked in KINDS[kind][1] if asked not in _VAGUE)


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
    return single(messages, UNKNOWN)


def words_copied(draw: Draw, count: int) -> Dialogue:
    """A row of ordinary words in either case, to be repeated: every word of the vocabulary can be said."""
    text = " ".join(wide_name(draw) if draw.chance(0.4) else draw.pick(words()) for _ in range(count))
    return single([Message("user", f"Repeat: {text}")], text)
