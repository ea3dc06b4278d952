"""SQuAD and XQuAD as retrieval sets: paragraphs are documents, answerable questions ask for their paragraph."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from crossover.eval.bench import public_data
from crossover.indexer.document import Document, digest
from crossover.indexer.embedding import Embedder, Vectors

Half = Literal["choosing", "judging"]
FILES = {
    "squad": "squad/dev-v2.0-half.json",
    "xquad en": "xquad/xquad.en.json",
    "xquad es": "xquad/xquad.es.json",
    "xquad ru": "xquad/xquad.ru.json",
    "xquad zh": "xquad/xquad.zh.json",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the id of the paragraph that answers it, and the article of that."""

    text: str
    document: str
    article: str
    half: Half


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Paragraphs and the questions about them; every other article, by title, chooses, the rest judge."""

    name: str
    documents: Sequence[Document]
    questions: Sequence[Asked]


def load_sets() -> Iterator[RetrievalSet]:
    """The sets, from the folder that BENCH_DATA names (default: `../shared/data` beside the repository).

    Raises:
        LookupError: the files are not there.
    """
    root = public_data.folder()
    for name, file in FILES.items():
        path = root / file
        if not path.is_file():
            raise LookupError(
                f"{path}: no such file; BENCH_DATA names the folder with squad/dev-v2.0-half.json (SQuAD 2.0) "
                "and xquad/xquad.{en,es,ru,zh}.json (XQuAD)"
            )
        yield _read(name, path)


def _read(name: str, path: Path) -> RetrievalSet:
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    titles = sorted(article["title"] for article in articles)
    halves: dict[str, Half] = {title: "judging" if n % 2 else "choosing" for n, title in enumerate(titles)}
    documents: list[Document] = []
    questions: list[Asked] = []
    for article in articles:
        for paragraph in article["paragraphs"]:
            number = f"{len(documents):04d}"
            metadata = {"format": "text", "article": article["title"]}
            documents.append(Document(number, number, paragraph["context"], metadata=metadata))
            questions += [
                Asked(asked["question"], number, article["title"], halves[article["title"]])
                for asked in paragraph["qas"]
                if not asked.get("is_impossible")
            ]
    return RetrievalSet(name, documents, questions)


class RememberingEmbedder(Embedder):
    """An embedder whose vectors are kept in a folder, so that only the first run computes them."""

    def __init__(self, folder: Path, model: str | None = None) -> None:
        super().__init__(model)
        self._file = folder / f"{digest(self.name)}.npz"
        self._known: dict[str, Vectors] = {}
        if self._file.is_file():
            with np.load(self._file) as kept:
                self._known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def query(self, text: str) -> Vectors:
        vector: Vectors = self.queries([text])[0]
        return vector

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._through("q", texts)

    def documents(self, texts: Sequence[str], tell: Callable[[int], None] | None = None) -> Vectors:
        vectors = self._through("d", texts)
        if tell:
            tell(len(texts))
        return vectors

    def save(self) -> None:
        """Write the vectors down."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(self._file, keys=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))

    def _through(self, kind: str, texts: Sequence[str]) -> Vectors:
        keys = [f"{kind}{digest(text)}" for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if new:
            encode = super().queries if kind == "q" else super().documents
            self._known |= dict(zip(new, encode(list(new.values())), strict=True))
        found: Vectors = np.stack([self._known[key] for key in keys])
        return found
