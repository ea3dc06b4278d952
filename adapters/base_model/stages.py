"""The course of a training run: which mix of tasks, at which row length and rate, for which share of the budget."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crossover.adapters.base_model.cloze import Cloze
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


# Every stage has every task: one that leaves a case out loses it within 2 M tokens.
_BIND = Mix(
    Reading(
        Style((1, 3), (1, 2), share=0.9, pronouns=0.15, twins=0.2, events=0.05, short_names=0.2), turns=(3, 7),
        unanswerable=0.06, which=0.25, formats=0.04, reworded=0.03,
    ),
    cloze=0.25, prose=Cloze(passages=(1, 2), sentences=(1, 2), turns=(1, 4), unanswerable=0.1, near=0.05),
    listing=0.12, listing_names=True, repetition=0.05, closed=0.02, table=0.14, few_shot=0.02,
)  # fmt: skip
_READ = Mix(
    Reading(
        Style(
            (1, 4), (1, 4), share=0.8, pronouns=0.4, twins=0.5, verbs=0.25, events=0.25,
            titles=0.6, handbook=0.3, split_pages=0.2,
        ),
        turns=(1, 4), unanswerable=0.17, which=0.08, formats=0.22, reworded=0.1, loose_names=0.35,
        scenes=0.2,
    ),
    cloze=0.3, prose=Cloze(passages=(1, 2), sentences=(1, 4), turns=(1, 3), unanswerable=0.15, near=0.15),
    listing=0.03, listing_names=True, repetition=0.03, closed=0.03, table=0.04, few_shot=0.04,
)  # fmt: skip
_SERVE = replace(
    _READ,
    reading=replace(
        _READ.reading, style=replace(_READ.reading.style, passages=(1, 6), twins=0.6, handbook=0.4, words=(20, 90)),
        turns=(1, 3), unanswerable=0.18,
    ),
    prose=replace(_READ.prose, passages=(1, 3), sentences=(1, 6), turns=(1, 3)),
    listing=0.02, table=0.03,
)  # fmt: skip

# Real text is worded more freely: what the model refuses there, it could mostly answer.
_FREE = replace(
    _SERVE,
    reading=replace(
        _SERVE.reading, style=replace(_SERVE.reading.style, passages=(1, 6), facts=(1, 5)),
        unanswerable=0.2, unanswerable_scenes=0.06, scenes=0.5,
    ),
    cloze=0.2, prose=replace(_SERVE.prose, sentences=(1, 5), planted=0.45, unanswerable=0.05),
)  # fmt: skip

SCRATCH = (
    Stage("bind", 0.1975, _BIND, 0.009, 0.008, 384, 20),
    Stage("settle", 0.247, _BIND, 0.004, 0.004, 384, 20),
    Stage("read", 0.75, _READ, 0.0045, 0.0025, 384, 24),
    Stage("serve", 1.0, _SERVE, 0.0025, 0.0, 512, 20),
)
"""From random weights; with 28 M tokens the rate falls at 5.5 M, which sets the choice between passages off."""

REFINE = (
    Stage("read", 0.35, _READ, 0.0032, 0.0024, 640, 14),
    Stage("serve", 1.0, _SERVE, 0.0024, 0.0, 896, 10),
)
"""From weights that already read."""

FINISH = (Stage("free", 1.0, _FREE, 0.002, 0.0, 896, 10),)
"""A short one, from weights that read well: to answer rather than refuse where the wording is free."""

COURSES = {"scratch": SCRATCH, "refine": REFINE, "finish": FINISH}


def stage_at(course: tuple[Stage, ...], progress: float) -> tuple[Stage, float]:
    """The stage at a share of the budget (0 to 1), and the rate there."""
    begin = 0.0
    for stage in course:
        if progress < stage.until or stage is course[-1]:
            within = min(1.0, (progress - begin) / (stage.until - begin))
            return stage, stage.start_rate + (stage.end_rate - stage.start_rate) * within
        begin = stage.until
    raise ValueError("a course needs at least one stage")
