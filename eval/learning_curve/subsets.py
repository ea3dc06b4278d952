"""Nested random subsets of a training file: each smaller one lies within each larger one of the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from crossover.adapters.examples import DataSet, Example
from crossover.adapters.refusal import is_refusal

_WORDINGS = 20  # more questions with one answer, and it is a label rather than a fact in many wordings


class SizesError(ValueError):
    """The sizes asked for do not fit the examples."""


def sizes_for(examples: int) -> list[int]:
    """10, 30, 100, 300, 1,000 ... below the number of examples, and all of them.

    Raises:
        SizesError: there are too few for a curve.
    """
    if examples < 20:
        raise SizesError(f"{examples} examples: a learning curve needs 20 at least")
    steps = [leading * 10**power for power in range(1, 12) for leading in (1, 3)]
    return [*(size for size in steps if size < 0.75 * examples), examples]


def check_sizes(sizes: Sequence[int], examples: int) -> list[int]:
    """The sizes, ascending and each once.

    Raises:
        SizesError: fewer than two, none above zero, or more than there are examples.
    """
    wanted = sorted(set(sizes))
    if len(wanted) < 2:
        raise SizesError("--sizes: a curve needs two different sizes at least, such as 10,30,100")
    if wanted[0] < 1 or wanted[-1] > examples:
        raise SizesError(f"--sizes: expected numbers from 1 to {examples}, as many examples as there are")
    return wanted


def nested(data: DataSet, sizes: Sequence[int], seed: int) -> dict[int, DataSet]:
    """For each size as many examples, drawn by whole groups, the last group cut where the size falls into it.

    Groups are examples with one answer, which for facts are the wordings of one fact; refusals and labels that many
    questions share are not one fact, so that each of those examples is a group of its own. Examples keep the order
    of the file, which a training may depend on.
    """
    groups = _groups(data.examples)
    random.Random(f"learning curve {seed}").shuffle(groups)
    order = [index for group in groups for index in group]
    return {
        size: DataSet(f"{data.name}-{size}-{seed}", tuple(data.examples[i] for i in sorted(order[:size])), data.format)
        for size in sizes
    }


def _groups(examples: Sequence[Example]) -> list[list[int]]:
    by_answer: dict[str, list[int]] = {}
    for index, example in enumerate(examples):
        by_answer.setdefault(" ".join(example.answer.lower().split()), []).append(index)
    groups = []
    for answer, members in by_answer.items():
        one_fact = len(members) <= _WORDINGS and not is_refusal(answer)
        groups += [members] if one_fact else [[index] for index in members]
    return groups
