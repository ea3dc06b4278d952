"""The course of a training run: which mix of tasks, at which row length and rate, for which share of the budget."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.adapters.base_model.corpus import Mix
from crossover.adapters.base_model.dialogues import Reading
from crossover.adapters.base_model.passages import Style


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of a run. Between `start_rate` and `end_rate` Muon's rate falls linearly."""

    name: str
    until: float
    """The share of the run's budget at which it ends."""
    mix: Mix
    start_rate: float
    end_rate: float
    length: int
    """Tokens in a row."""
    rows: int
    language: float = 0.1
    """Weight of the loss on text that is not an answer."""


# Stages "start" to "read" follow the recipe's first run. Keep a single passage in every stage: one that leaves a
# case out loses it within 2 M tokens. The fall from 0.02 to 0.005 after the drills is what set reading off.
_START = Mix(
    Reading(Style((1, 2), (1, 2)), turns=(2, 5), unanswerable=0.03),
    listing=0.35, repetition=0.15,
)  # fmt: skip
_BIND = Mix(
    Reading(
        Style((1, 3), (1, 2), share=0.9, pronouns=0.1, short_names=0.25), turns=(4, 8),
        unanswerable=0.02, which=0.2,
    ),
    listing=0.15, listing_names=True, repetition=0.02, closed=0.01, table=0.18,
)  # fmt: skip
_CHOOSE = Mix(
    Reading(
        Style((1, 3), (1, 2), share=0.85, pronouns=0.1, twins=0.2, events=0.1), turns=(1, 2),
        unanswerable=0.04, which=0.1,
    ),
    listing=0.08, table=0.1,
)  # fmt: skip
_READ = Mix(
    Reading(
        Style((1, 5), (1, 3), share=0.8, pronouns=0.3, twins=0.25, events=0.15),
        turns=(1, 2), unanswerable=0.18, which=0.05, formats=0.05,
    ),
    listing=0.03, repetition=0.02, closed=0.02, table=0.04, few_shot=0.01,
)  # fmt: skip
_SERVE = Mix(
    Reading(
        Style(
            (1, 3), (1, 4), share=0.8, pronouns=0.3, twins=0.5, verbs=0.4, events=0.15,
            titles=0.7, handbook=0.45, split_pages=0.1,
        ),
        turns=(1, 2), unanswerable=0.24, which=0.04, formats=0.08,
    ),
    listing=0.02, repetition=0.02, closed=0.03, table=0.02, few_shot=0.03,
)  # fmt: skip

SCRATCH = (
    Stage("start", 0.24, _START, 0.02, 0.02, 128, 48, language=0.2),
    Stage("bind", 0.57, _BIND, 0.02, 0.02, 256, 24),
    Stage("choose", 0.70, _CHOOSE, 0.005, 0.005, 256, 24),
    Stage("read", 0.85, _READ, 0.005, 0.003, 320, 20),
    Stage("serve", 1.0, _SERVE, 0.003, 0.0, 512, 12),
)
"""From random weights; "start" ends at 7.4 of 31 M tokens, as in the recipe."""

REFINE = (
    Stage("widen", 0.4, _SERVE, 0.01, 0.006, 512, 12),
    Stage("serve", 1.0, _SERVE, 0.006, 0.0, 512, 12),
)
"""From weights that already read: wider language at a falling rate."""


def stage_at(course: tuple[Stage, ...], progress: float) -> tuple[Stage, float]:
    """The stage at a share of the budget (0 to 1), and the rate there."""
    begin = 0.0
    for stage in course:
        if progress < stage.until or stage is course[-1]:
            within = min(1.0, (progress - begin) / (stage.until - begin))
            return stage, stage.start_rate + (stage.end_rate - stage.start_rate) * within
        begin = stage.until
    raise ValueError("a course needs at least one stage")
