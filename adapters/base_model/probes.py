"""Cheap checks during training: would greedy decoding give exactly this answer, passage number included?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch.nn.utils.rnn import pad_sequence

from crossover.adapters.base_model.dialogues import Dialogue, Reading, reading
from crossover.adapters.base_model.draw import Draw, Split
from crossover.adapters.base_model.model import Reader
from crossover.adapters.base_model.passages import Style
from crossover.adapters.base_model.rows import Encoded, Encoder


@dataclass(frozen=True, slots=True)
class Probe:
    """A set of one-question dialogues of one kind."""

    name: str
    task: Reading
    split: Split = "shared"


_PLAIN = Style(share=0.6)
_SERVED = Style((2, 2), (2, 3), share=0.8, twins=0.6, events=0.2, titles=1.0, handbook=1.0)

PROBES = (
    Probe("one", Reading(replace(_PLAIN, passages=(1, 1), facts=(2, 2)))),
    Probe("three", Reading(replace(_PLAIN, passages=(3, 3), facts=(2, 2)))),
    Probe("which of three", Reading(replace(_PLAIN, passages=(3, 3), facts=(2, 2)), which=1.0)),
    Probe("five", Reading(replace(_PLAIN, passages=(5, 5), facts=(4, 4)))),
    Probe("unanswerable", Reading(replace(_PLAIN, passages=(3, 3), facts=(2, 2)), unanswerable=1.0)),
    Probe("served", Reading(_SERVED)),
    Probe("served, unanswerable", Reading(_SERVED, unanswerable=1.0)),
    Probe(
        "unseen wordings",
        Reading(
            replace(_PLAIN, passages=(1, 1), facts=(2, 2)),
        ),
        "held-out",
    ),
    Probe("unseen wordings, served", Reading(_SERVED), "held-out"),
)
"""The first four are the recipe's evaluation sets; all use words that training never shows."""


def questions(probe: Probe, count: int) -> list[Dialogue]:
    """The first `count` dialogues of a probe, always the same ones."""
    draw, made = Draw(probe.name, probe.split), list[Dialogue]()
    while len(made) < count:
        one = reading(draw, probe.task)
        if one:
            made.append(one)
    return made


@torch.no_grad()
def exact(model: Reader, items: list[Encoded], rows: int = 12) -> float:
    """The share of dialogues all of whose trained tokens are the model's first choice."""
    device = next(model.parameters()).device
    right = 0
    for start in range(0, len(items), rows):
        some = items[start : start + rows]
        ids = pad_sequence([torch.tensor(item.ids) for item in some], batch_first=True).to(device)
        trained = pad_sequence([torch.tensor(item.trained) for item in some], batch_first=True).to(device)[:, 1:].bool()
        best = model.logits(model(ids[:, :-1])).argmax(-1)
        right += int(((best == ids[:, 1:]) | ~trained).all(1).sum())
    return right / len(items)


def probe_all(model: Reader, encoder: Encoder, count: int = 48) -> dict[str, float]:
    """Exact match of every probe, by its name."""
    return {
        probe.name: round(exact(model, [encoder.encode(d) for d in questions(probe, count)]), 3) for probe in PROBES
    }
