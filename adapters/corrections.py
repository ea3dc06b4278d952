"""From feedback to examples: each question with what should have been answered, and what was left out and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from crossover.adapters.examples import DataWarning, Example
from crossover.adapters.feedback import Line
from crossover.adapters.prompt import Message
from crossover.adapters.quality import contradictions, non_answers, personal_data, secrets
from crossover.adapters.quality.examined import Examined, Source, key, whole_key

# Of passages that training may not show; training with context sets its own.
_CITATIONS = re.compile(r"(?:\s*\[\d{1,3}\])+(?=[\s.!]*$)")

Correction = tuple[Line, Example]


@dataclass(slots=True)
class Corrections:
    """What came out of feedback.

    Attributes:
        kept: the examples, the oldest first, each with the feedback behind it.
        left_out: corrections that became no example, each with the reason.
        rated: how many answers have a rating alone.
    """

    kept: list[Correction] = field(default_factory=list)
    left_out: list[DataWarning] = field(default_factory=list)
    rated: int = 0


def correct(lines: Sequence[Line], *, newest: bool = False) -> Corrections:
    """The corrections in feedback as examples.

    Of several corrections of one answer the last counts, of equal ones to one question the first. Where those to one
    question cannot all be right, none is kept: somebody has to say which holds.

    Args:
        lines: the feedback, the oldest first.
        newest: keep the newest of contradicting ones.
    """
    last = {_answer(line): line for line in lines if line.feedback.correction}
    made = Corrections(rated=len({_answer(line) for line in lines} - last.keys()))
    questions: dict[str, dict[str, Correction]] = {}
    for line in lines:
        if not line.feedback.correction:
            continue
        text = _CITATIONS.sub("", line.feedback.correction).strip()
        history, question = _in_turns(line.feedback.history, line.feedback.question)
        example = Example(question, text, line.feedback.system, history)
        same = questions.setdefault(whole_key(example), {})
        reason = _useless(line, example, last[_answer(line)], same.get(key(text)))
        if reason is None:
            same[key(text)] = line, example
        else:
            made.left_out.append(reason)
    for answers in questions.values():
        kept, refused = _settle(list(answers.values()), newest=newest)
        made.kept += kept
        made.left_out += refused
    made.kept.sort(key=lambda each: each[0].feedback.at)
    return made


def remarks(file: str, examples: Iterable[Example], places: tuple[str, str]) -> list[DataWarning]:
    """What an adapter should not learn, keys, personal data, answers that are none, told at the lines of `file`."""
    examined = Examined([Source(file, "", places, tuple(examples))])
    return [finding for check in (secrets, personal_data, non_answers) for finding in check.find(examined)]


def _in_turns(history: Sequence[Message], question: str) -> tuple[tuple[Message, ...], str]:
    """User and assistant in turn, the user first, as training reads them; chats may begin with a greeting of ours."""
    turns: list[Message] = []
    for turn in (*history, Message("user", question)):
        if not turn.content.strip() or (not turns and turn.role != "user"):
            continue
        if turns and turns[-1].role == turn.role:
            turns[-1] = Message(turn.role, f"{turns[-1].content}\n\n{turn.content}")
        else:
            turns.append(turn)
    return tuple(turns[:-1]), turns[-1].content


def _answer(line: Line) -> tuple[str, int]:
    return line.feedback.answer_id, line.feedback.choice


def _useless(line: Line, example: Example, last: Line, before: Correction | None) -> DataWarning | None:
    """Why a correction teaches nothing."""
    if last is not line:
        return line.remark(f"another one later, in {last.place}", "the last word on an answer", "replaced")
    if not example.answer:
        return line.remark("citations alone", "an answer", "empty")
    if key(example.answer) == key(_CITATIONS.sub("", line.feedback.answer)):
        return line.remark("what was answered", "another answer; a right one is rated good", "unchanged")
    if before is not None:
        return line.remark(f"what {before[0].place} says already", "an answer counts once", "duplicate")
    return None


def _settle(group: list[Correction], *, newest: bool) -> tuple[list[Correction], list[DataWarning]]:
    """Which corrections of one question are kept, and why the others are not."""
    numbered = tuple(replace(example, line=number) for number, (_, example) in enumerate(group, start=1))
    if not any(contradictions.find(Examined([Source("", "", ("", ""), numbered)]))):
        return group, []
    told = ", ".join(f'"{_short(example.answer)}" ({line.place})' for line, example in group)
    kept = group[-1:] if newest else []
    expected = f"the newest, {kept[0][0].place}, which is kept" if kept else "one answer; --newest keeps the newest"
    refused = group[: len(group) - len(kept)]
    return kept, [line.remark(f"one question answered {told}", expected, "contradiction") for line, _ in refused]


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
