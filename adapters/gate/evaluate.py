"""Ask the new version, the current one and the base model the same questions, score the answers, decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from crossover.adapters.gate.answer_format import learn_format
from crossover.adapters.gate.decision import Compare, Measured, Parity, Verdict, decide, not_gated
from crossover.adapters.gate.questions import Item, forgetting_items, held_out, task_items
from crossover.adapters.registry import AdapterVersion, Registry

LEAST = 10
"""Held-out examples; with fewer no outcome could be told from chance."""
_PARITY_PROMPTS = 4  # of the examples that were trained on, and of those that were not

Score = Callable[[str, str], float]
"""From an answer and the right one to 0 … 1."""


class Asker(Protocol):
    """Who answers: the engine with its adapters."""

    async def answers(self, version: AdapterVersion | None, items: Sequence[Item]) -> list[str]:
        """The greedy answers of a version, which need not be promoted; None: of the base model."""

    async def parity(self, version: AdapterVersion, items: Sequence[Item]) -> Parity:
        """How many of the served answers the trained adapter gives too, outside the engine."""

    def mismatches(self, version: AdapterVersion) -> list[str]:
        """Where a version would be asked otherwise than it was trained, as sentences."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The statistics, handed in from where they live."""

    compare: Compare
    score: Score


async def evaluate(
    version: AdapterVersion, registry: Registry, asker: Asker, judge: Judge, *, margin: float, limit: int
) -> Verdict:
    """The verdict on a version.

    Args:
        version: what shall be promoted.
        registry: where the current version, the held-out examples and the other tasks are.
        asker: who answers.
        judge: who scores and compares.
        margin: the loss that is accepted.
        limit: held-out examples asked at most.
    """
    task = held_out(registry, version, limit)
    if len(task) < LEAST:
        kept = f"only {len(task)} held-out examples are" if task else "no held-out examples are"
        return not_gated(f"{kept} kept beside {version.served_name} (crossover train --held-out FILE keeps them)")
    current = _current(registry, version)
    others = ([current] if current else []) + [None]
    forgetting = forgetting_items(registry, version.name)
    wanted = learn_format([example.answer for example in registry.training_examples(version)])
    new, new_elsewhere = await _ask(asker, version, task, forgetting)
    measured: list[Measured] = []
    for number, other in enumerate(others):
        answers, elsewhere = await _ask(asker, other, task, forgetting if not number else [])
        name = other.served_name if other else "base"
        measured.append(_scored("task", name, task, new, answers, judge.score))
        if not number:  # what was lost since the version that answers now; without one, since the base model
            note = _by_kind(forgetting, new_elsewhere, judge.score)
            measured.append(_scored("forgetting", name, forgetting, new_elsewhere, elsewhere, judge.score, note))
            if wanted.rules:
                keeps = _keeps(wanted.kept)
                measured.append(_scored("format", name, task, new, answers, keeps, f"Expected: {wanted.words}."))
    # What it was trained on it answers in its own way, and surely, so that a near tie seldom decides.
    learnt = task_items(registry.training_examples(version), _PARITY_PROMPTS)
    parity = await asker.parity(version, [*learnt, *task[:_PARITY_PROMPTS]])
    return decide(measured, asker.mismatches(version), parity, judge.compare, margin)


def _current(registry: Registry, version: AdapterVersion) -> AdapterVersion | None:
    promoted = next((each for each in registry.promoted() if each.name == version.name), None)
    return None if promoted == version else promoted


async def _ask(
    asker: Asker, version: AdapterVersion | None, task: Sequence[Item], forgetting: Sequence[Item]
) -> tuple[list[str], list[str]]:
    answers = await asker.answers(version, [*task, *forgetting])
    return answers[: len(task)], answers[len(task) :]


def _scored(
    what: str,
    against: str,
    items: Sequence[Item],
    new: Sequence[str],
    other: Sequence[str],
    score: Score,
    note: str = "",
) -> Measured:
    scores = [[score(answer, item.reference) for answer, item in zip(answers, items, strict=True)]
              for answers in (new, other)]  # fmt: skip
    return Measured(what, against, scores[0], scores[1], [item.group for item in items], note)


def _keeps(kept: Callable[[str], bool]) -> Score:
    return lambda answer, _: float(kept(answer))


def _by_kind(items: Sequence[Item], answers: Sequence[str], score: Score) -> str:
    kinds: dict[str, list[float]] = {}
    for item, answer in zip(items, answers, strict=True):
        kinds.setdefault(item.kind, []).append(score(answer, item.reference))
    listed = ", ".join(f"{kind} {sum(scores) / len(scores):.0%}" for kind, scores in kinds.items())
    return f"Of that: {listed}."
