"""All automatic slices of a question set, without those that say nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from crossover.eval.questions import SEEN
from crossover.eval.slices.age import age
from crossover.eval.slices.answerable import answerable
from crossover.eval.slices.difficulty import difficulty
from crossover.eval.slices.language import language
from crossover.eval.slices.length import length
from crossover.eval.slices.question_type import question_type
from crossover.eval.slices.seen import seen
from crossover.eval.slices.subject import Slicer, Subject

Mask = NDArray[np.bool_]
#: By the kind of slice, then by slice: which questions lie in it.
Slices = Mapping[str, Mapping[str, Mask]]

#: A new kind of slice is one more file, and one more line here.
SLICERS: dict[str, Slicer] = {
    "question type": question_type,
    "has an answer": answerable,
    "age of the source": age,
    "retrieval": difficulty,
    "length": length,
    "language": language,
}
TRAINING = "training"
_FEWEST = 10  # questions; fewer tell nothing, and every slice costs all others power
_LEAST_SHARE = 0.05


def automatic(subject: Subject, slicers: Mapping[str, Slicer] = SLICERS) -> dict[str, dict[str, Mask]]:
    """The slices of each kind, in the order of first appearance, for a set whose questions name none.

    Questions seen in training are in the slice ``seen`` and in no other. A slice of few questions is left out, and
    so is one of nearly all of them. A question may lie in several slices.
    """
    known = np.array([label == SEEN for label in seen(subject)])
    fresh = ~known
    found: dict[str, dict[str, Mask]] = {TRAINING: {SEEN: known}} if known.any() and fresh.any() else {}
    if not fresh.any():  # nothing is left to measure on but what was learnt
        fresh = np.ones(len(known), bool)
    least, most = max(_FEWEST, _LEAST_SHARE * fresh.sum()), (1 - _LEAST_SHARE) * fresh.sum()
    for kind, slicer in slicers.items():
        labels = np.array([label or "" for label in slicer(subject)])
        masks = {name: (labels == name) & fresh for name in _names(labels)}
        telling = {name: mask for name, mask in masks.items() if least <= mask.sum() <= most}
        if telling:
            found[kind] = telling
    return found


def _names(labels: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(map(str, labels)) if name]
