"""Examined: the files that are checked together, and what several checks ask of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from crossover.adapters.examples import DataWarning, Example
from crossover.adapters.quality.similarity import near_pairs

if TYPE_CHECKING:
    from crossover.adapters.quality.context import Context

Part = Literal["question", "answer"]

_LABEL_WORDS = 5
_ROWS_A_LABEL = 5
_MOST_LABELS = 300
_EDGES = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True)
class Source:
    """One file of examples.

    Args:
        file: as the user named it.
        format: what `formats.detect` calls it.
        places: the fields that question and answer come from.
    """

    file: str
    format: str
    places: tuple[str, str]
    examples: tuple[Example, ...]

    def warn(self, example: Example, part: Part, found: str, expected: str, code: str) -> DataWarning:
        """A finding about one example."""
        return DataWarning(self.file, example.line, self.places[part == "answer"], found, expected, code)

    def warn_file(self, part: Part, found: str, expected: str, code: str) -> DataWarning:
        """A finding about the file as a whole."""
        return DataWarning(self.file, 0, self.places[part == "answer"], found, expected, code)

    @cached_property
    def labels(self) -> Counter[str]:
        """How often each label is the answer; empty where the answers are no labels."""
        counts = Counter(example.answer for example in self.examples)
        few = len(counts) <= min(_MOST_LABELS, len(self.examples) / _ROWS_A_LABEL)
        if self.format != "classification" and not few:
            return Counter()
        short = all(len(answer.split()) <= _LABEL_WORDS for answer in counts)
        return counts if short and not any(example.history for example in self.examples) else Counter()


@dataclass(frozen=True)
class Examined:
    """Some files, and the questions that they must not hold.

    Args:
        sources: the files in the order of the command line.
        against: the questions of an evaluation set.
        against_file: where those stand.
        context: what the base model's context takes; None where its tokenizer is not here.
        aim: what the examples shall teach: style, task, facts or "".
    """

    sources: Sequence[Source]
    against: Sequence[str] = ()
    against_file: str = ""
    context: Context | None = None
    aim: str = ""

    @cached_property
    def near(self) -> dict[str, set[str]]:
        """For each question without history those that say nearly the same, in all files and in `against`."""
        texts = [example.question for source in self.sources for example in source.examples if not example.history]
        near: dict[str, set[str]] = {}
        for first, second in near_pairs([*texts, *self.against]):
            near.setdefault(key(first), set()).add(key(second))
            near.setdefault(key(second), set()).add(key(first))
        return near


def key(text: str) -> str:
    """What two texts share that differ in case, spaces and the marks at their ends alone."""
    return _EDGES.sub("", " ".join(text.casefold().split())) or text


def whole_key(example: Example) -> str:
    """What two examples share that ask the same in the same situation."""
    turns = [example.system, *(turn.content for turn in example.history), example.question]
    return "\0".join(key(turn) for turn in turns)


def grouped(examples: Iterable[Example]) -> Iterator[list[Example]]:
    """The examples that ask the same in the same situation, where there are several."""
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(whole_key(example), []).append(example)
    return (group for group in groups.values() if len(group) > 1)
