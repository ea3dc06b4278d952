"""How far an embedding model's similarities can be trusted, language by language, measured on the corpus itself.

A sentence of a chunk is asked as a question, as the model encodes questions. How much nearer its own chunk
is than the others, counted in the spread of the others, says what the model understands of this language;
that spread is also the unit of its scale: e5 calls any two texts 0.7 alike, MiniLM 0.05.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from crossover.indexer.disk import write_atomically
from crossover.indexer.embedding import PACKAGED, Embedder, Vectors
from crossover.indexer.manifest import Snapshot
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.vector_store import VectorStore

REFERENCE = 2.0
"""What a cosine of the packaged model is worth beside words, in every language: chosen on one half of the
articles of SQuAD and XQuAD, where anything from 1 to 3 does about as well."""
_SPREAD = 0.1  # of the packaged model's cosines between unrelated texts, in which REFERENCE was chosen
_TOLD_APART = 0.5  # spreads between own and other chunks, below which meaning counts less and less
_SAMPLE = 4000  # chunks looked at
_FEWEST = 32  # chunks of a language: fewer tell nothing
_MOST = 200  # sentences asked in a language: a second on two cores
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")
_SHORTEST = 12  # characters


@dataclass(frozen=True, slots=True)
class Trust:
    """What was measured of a model in one language.

    Attributes:
        spread: standard deviation of the cosine of a sentence and a chunk that is not its own.
        separation: how many of these lie between the means of own and other chunks.
        chunks: how many were looked at.
    """

    spread: float
    separation: float
    chunks: int

    @property
    def weight(self) -> float:
        """What one unit of cosine is worth: REFERENCE on the packaged model's scale, 0 where it tells nothing apart."""
        return REFERENCE * _SPREAD / self.spread * min(1.0, max(0.0, self.separation / _TOLD_APART))


class TrustFile:
    """What was measured of each model on this home, in one file beside the manifest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._models: dict[str, dict[str, Trust]] = {}

    @classmethod
    def beside(cls, settings: IndexerSettings) -> TrustFile:
        """The file of the home that the settings name."""
        return cls(settings.index_home / "trust.json")

    def of(self, model: str) -> Mapping[str, Trust]:
        """What is known of a model, by language."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return {}
        if (stamp := (status.st_mtime_ns, status.st_ino)) != self._stamp:
            self._models = self._read()
            self._stamp = stamp
        return self._models.get(model, {})

    def weight(self, model: str, language: str) -> float:
        """What one unit of a model's cosine is worth in a language; REFERENCE until it was measured."""
        found = self.of(model).get(language)
        return found.weight if found else REFERENCE

    def update(self, embedder: Embedder, snapshot: Snapshot, store: VectorStore) -> None:
        """Measure, in the languages of an index, what is due for a model other than the packaged one."""
        chunks: Counter[str] = Counter()
        for record in snapshot.documents.values():
            chunks[record.language] += record.chunks
        if embedder.name != PACKAGED and (due := self.due(embedder.name, chunks)):
            self.keep(embedder.name, measure_languages(embedder, snapshot, store, due))

    def due(self, model: str, chunks: Mapping[str, int]) -> set[str]:
        """Of the languages, those to measure: not yet measured, or on less than a quarter of what there is now."""
        known = self.of(model)
        enough = {language for language, count in chunks.items() if count >= _FEWEST}
        return {each for each in enough if each not in known or known[each].chunks < min(chunks[each], _MOST) // 4}

    def keep(self, model: str, found: Mapping[str, Trust]) -> None:
        """Write down what was measured, if anything was."""
        if not found:
            return
        merged = {**self.of(model), **found}  # what another process has written meanwhile is read here
        models = {**self._models, model: merged}
        content = {name: {code: asdict(trust) for code, trust in each.items()} for name, each in models.items()}
        write_atomically(self._path, json.dumps(content, indent=1, ensure_ascii=False).encode())

    def _read(self) -> dict[str, dict[str, Trust]]:
        try:
            content = json.loads(self._path.read_bytes())
            return {name: {code: Trust(**trust) for code, trust in each.items()} for name, each in content.items()}
        except (ValueError, TypeError, AttributeError):
            return {}  # measured again at the next run


def measure_languages(
    embedder: Embedder, snapshot: Snapshot, store: VectorStore, languages: Collection[str] | None = None
) -> dict[str, Trust]:
    """What was measured in the languages of an index; one of few chunks is left out.

    Args:
        languages: those to measure; None is all.
    """
    samples: dict[str, list[tuple[str, Vectors]]] = {}
    for hit, vector in store.chunks(_SAMPLE):
        record = snapshot.documents.get(hit.chunk.document)
        if record and record.revision == hit.revision and (languages is None or record.language in languages):
            samples.setdefault(record.language, []).append((hit.chunk.text, vector))
    measured = {
        language: measure(embedder, [text for text, _ in sample], np.stack([vector for _, vector in sample]))
        for language, sample in samples.items()
    }
    return {language: trust for language, trust in measured.items() if trust}


def measure(embedder: Embedder, texts: Sequence[str], vectors: Vectors) -> Trust | None:
    """What a model's similarities tell in the language of some chunks; None where they are too few.

    Args:
        texts: of the chunks, in any order that says nothing about them.
        vectors: of the same chunks, shape (n, d).
    """
    asked = [(row, sentence) for row, text in enumerate(texts) if (sentence := _sentence(text))][:_MOST]
    if len(asked) < _FEWEST:
        return None
    rows = np.array([row for row, _ in asked])
    cosines = embedder.queries([sentence for _, sentence in asked]) @ vectors[rows].T
    own = np.eye(len(rows), dtype=bool)
    others = cosines[~own]
    spread = max(float(others.std()), 1e-6)
    return Trust(spread, float(cosines[own].mean() - others.mean()) / spread, len(rows))


def _sentence(text: str) -> str | None:
    """The longest sentence in the middle of a text: titles stand at its beginning."""
    parts = [part.strip() for part in _SENTENCE.split(text) if len(part.strip()) >= _SHORTEST]
    return max(parts[len(parts) // 3 :], key=len) if parts else None
