"""What an adapter's training examples teach about a question, found by the words that they share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from heapq import nlargest
from math import log, sqrt
from pathlib import Path

from pydantic import ValidationError

from crossover.adapters.examples import DataError, Example
from crossover.adapters.registry import Registry, UnknownAdapter
from crossover.eval.attribution.literal import words

_NEAR = 0.7  # of the nearest example's likeness: about the same thing in other words
_LEAST = 0.3  # cosine; below it nothing was taught about the question
SAME = 0.45
"""Of questions about one fact nine in ten are so like each other; of those that share but a common word, one in ten."""
_MOST = 24  # examples


class Taught:
    """Training examples, to be asked what they say about a question.

    Likeness is the cosine of inverse-document-frequency weights, in which names weigh more than turns of phrase.
    """

    def __init__(self, examples: Iterable[Example]) -> None:
        kept = list(examples)
        self._answers = [words(example.answer) for example in kept]
        prompts = [Counter(words(example.question)) for example in kept]
        document_counts = Counter(word for prompt in prompts for word in prompt)
        self._weights = {word: log((len(kept) + 1) / count) for word, count in document_counts.items()}
        self._rows: dict[str, list[tuple[int, float]]] = {}
        for index, prompt in enumerate(prompts):
            for word, weight in self._weighted(prompt).items():
                self._rows.setdefault(word, []).append((index, weight))
        self._nearest = lru_cache(maxsize=None)(self._most_like)

    def answers_about(self, question: str, least: float = _LEAST) -> list[list[str]]:
        """The words of the answers taught to the questions most like this one; empty when none is like it.

        Args:
            least: how like the nearest of them must be.
        """
        nearest = self._nearest(question)
        if not nearest or nearest[0][1] < least:
            return []
        return [self._answers[index] for index, like in nearest if like >= _NEAR * nearest[0][1]]

    def _most_like(self, question: str) -> list[tuple[int, float]]:
        """The examples most like a question, each with its likeness, the most like first."""
        likeness: dict[int, float] = defaultdict(float)
        for word, weight in self._weighted(Counter(words(question))).items():
            for index, other in self._rows.get(word, ()):
                likeness[index] += weight * other
        return nlargest(_MOST, likeness.items(), key=lambda item: item[1])

    def _weighted(self, counts: Counter[str]) -> dict[str, float]:
        # A word that no example has keeps its weight: a question about somebody unknown is like none of them.
        rarest = max(self._weights.values(), default=1.0)
        weights = {word: count * self._weights.get(word, rarest) for word, count in counts.items()}
        norm = sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        return {word: weight / norm for word, weight in weights.items()}


def taught_by(adapters: Sequence[str], homes: Sequence[Path]) -> dict[str, Taught]:
    """What each adapter, by its served name, was trained on, to be asked; see `training_examples`."""
    return {name: Taught(examples) for name, examples in training_examples(adapters, homes).items()}


def training_examples(adapters: Sequence[str], homes: Sequence[Path]) -> dict[str, list[Example]]:
    """The examples that each adapter, by its served name, was trained on, from the first home that knows it.

    Adapters whose examples are in none of them are left out: asked on another machine, or deleted since.
    """
    found: dict[str, list[Example]] = {}
    for adapter in adapters:
        for registry in map(Registry, homes):
            try:
                examples = registry.training_examples(registry.resolve(adapter))
            except (UnknownAdapter, DataError, OSError, ValidationError):
                continue
            if examples:
                found.setdefault(adapter, examples)
    return found
