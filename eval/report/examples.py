"""Examples to click through: the questions that tell the arms apart, with every arm's answer and passages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from crossover.eval.attribution import Cause
from crossover.eval.report.document import Failures
from crossover.eval.run_log import sources_of
from crossover.eval.scoring import Evaluation

_EACH_SLICE = 8
_EACH_CAUSE = 5


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as it stood in a prompt."""

    n: int
    title: str
    document: str
    text: str
    relevant: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """One arm's answer to one question; `passages` are those of its own prompt."""

    arm: str
    answer: str
    right: bool
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with every arm's answer."""

    id: str
    slice: str
    question: str
    references: tuple[str, ...]
    answers: tuple[Answered, ...]

    @property
    def right(self) -> list[str]:
        """The arms that answered it right."""
        return [answered.arm for answered in self.answers if answered.right]

    @property
    def passages(self) -> list[tuple[str, tuple[Passage, ...]]]:
        """The different sets of passages, each under the arms that were shown it."""
        sets: dict[tuple[Passage, ...], list[str]] = {}
        for answered in self.answers:
            if answered.passages:
                sets.setdefault(answered.passages, []).append(answered.arm)
        return [(", ".join(arms), passages) for passages, arms in sets.items()]


@dataclass(frozen=True, slots=True)
class Failed:
    """A question that an arm got wrong."""

    arm: str
    example: Example


def examples(evaluation: Evaluation) -> dict[str, list[Example]]:
    """A few questions of each slice: one for each different pattern of right and wrong, the commonest first."""
    chosen: dict[str, list[Example]] = {}
    for name in evaluation.slices:
        chosen[name] = [_example(evaluation, i) for i in _telling(evaluation, np.flatnonzero(evaluation.mask(name)))]
    return chosen


def failed(evaluation: Evaluation, failures: Mapping[str, Failures], first: str) -> dict[str, list[Failed]]:
    """A few wrong answers for each cause, those of the arm `first` before the others', one a question."""
    places = {question.id: index for index, question in enumerate(evaluation.questions)}
    arms = sorted(failures, key=lambda arm: arm != first)
    chosen: dict[str, dict[str, Failed]] = {}
    for arm in arms:
        for cause, ids in failures[arm].questions.items():
            shown = chosen.setdefault(cause, {})
            for identity in ids[: _EACH_CAUSE - len(shown)]:
                shown.setdefault(identity, Failed(arm, _example(evaluation, places[identity])))
    return {cause: list(chosen[cause].values()) for cause in map(str, Cause) if cause in chosen}


def _telling(evaluation: Evaluation, indices: Iterable[int]) -> list[int]:
    patterns: dict[tuple[bool, ...], list[int]] = {}
    for index in indices:
        patterns.setdefault(tuple(bool(evaluation.right(run.arm)[index] == 1) for run in evaluation.runs), []).append(
            index
        )
    rounds = sorted(patterns.values(), key=len, reverse=True)
    deepest = max(len(members) for members in rounds)
    in_turn = [members[depth] for depth in range(deepest) for members in rounds if depth < len(members)]
    return in_turn[:_EACH_SLICE]


def _example(evaluation: Evaluation, index: int) -> Example:
    question = evaluation.questions.questions[index]
    answers = []
    for run in evaluation.runs:
        row = run.rows[index]
        passages = tuple(
            Passage(
                n=int(source["n"]),
                title=str(source.get("title", "")),
                document=str(source["document"]),
                text=str(source["text"]),
                relevant=source["document"] in question.relevant_documents,
            )
            for source in sources_of(row)
        )
        text = str(row["answer"]) or f"(refused by the server: {row.get('error', 'empty answer')})"
        answers.append(Answered(run.arm, text, bool(evaluation.right(run.arm)[index] == 1), passages))
    return Example(question.id, question.slice, question.question, question.references, tuple(answers))
