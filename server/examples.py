"""The training examples nearest to a question: what `few-shot` shows, and how familiar a question is."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crossover.adapters.registry import AdapterVersion, Registry

_BATCH = 64


class Embedder(Protocol):
    """What turns texts into vectors; the index, with the model it was built with."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector of a question just asked, shape (d,), without computing it again."""

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), d)."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest training examples of a question.

    Attributes:
        examples: (question, answer), the most similar last.
        similarities: cosines of the question to theirs.
    """

    examples: list[tuple[str, str]]
    similarities: list[float]

    @property
    def similarity(self) -> float | None:
        """Cosine of the question to the nearest; None without any."""
        return self.similarities[-1] if self.similarities else None


class TrainingExamples:
    """The training examples of adapters, never test ones, with their vectors.

    Vectors are computed when an adapter's examples are first asked for, and kept, for versions never change, until
    another version of the adapter is promoted.
    """

    def __init__(self, registry: Registry, embedder: Embedder) -> None:
        self._registry = registry
        self._embedder = embedder
        self._known: dict[str, tuple[list[tuple[str, str]], NDArray[np.float32]]] = {}
        self._lock = threading.Lock()

    def nearest(self, versions: Sequence[AdapterVersion], question: str, k: int) -> Nearest:
        """The k examples of some adapters whose questions are most like `question`. Blocks while it embeds."""
        sets = [(examples, vectors) for examples, vectors in map(self.of, versions) if examples]
        if not sets:
            return Nearest([], [])
        examples = sets[0][0] if len(sets) == 1 else [example for part, _ in sets for example in part]
        query = self._embedder.embed_query(question)
        scores = np.concatenate([vectors @ query for _, vectors in sets])
        best = np.arange(len(scores)) if k >= len(scores) else np.sort(np.argpartition(-scores, k)[:k])
        best = best[np.argsort(-scores[best], kind="stable")][::-1]
        return Nearest([examples[n] for n in best], [float(scores[n]) for n in best])

    def of(self, version: AdapterVersion) -> tuple[list[tuple[str, str]], NDArray[np.float32]]:
        """All examples of a version, one for each question, and the unit vectors of the questions (n, d)."""
        name = version.served_name
        with self._lock:  # two first questions at once would embed everything twice
            if name not in self._known:
                rows = self._registry.training_examples(version)
                examples = list({row.question: row.answer for row in rows if not row.history}.items())
                vectors = self._embed([question for question, _ in examples])
                self._known = {each: kept for each, kept in self._known.items() if not self._is_retired(each)}
                self._known[name] = (examples, vectors)
            return self._known[name]

    def _is_retired(self, served_name: str) -> bool:
        """Whether another version of that adapter answers now, or the adapter is gone."""
        name, _, digest = served_name.partition("@")
        return name not in self._registry.names() or self._registry.promoted_digest(name) not in (None, digest)

    def _embed(self, questions: Sequence[str]) -> NDArray[np.float32]:
        batches = [questions[n : n + _BATCH] for n in range(0, len(questions), _BATCH)]
        if not batches:
            return np.zeros((0, 0), dtype=np.float32)
        return np.concatenate([self._embedder.embed_queries(batch) for batch in batches])
