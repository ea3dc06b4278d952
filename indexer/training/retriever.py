"""From questions to an embedding model that finds more: train, judge on held-out questions, promote or not."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from crossover.indexer.disk import write_atomically
from crossover.indexer.embedding import Embedder
from crossover.indexer.fusion import Candidate
from crossover.indexer.index import Index
from crossover.indexer.training.corpus import Corpus, Scores
from crossover.indexer.training.fine_tuning import FineTuning, Triple, fine_tune
from crossover.indexer.training.pairs import Pair, read_pairs, split

_DEPTH = 10  # places looked at; mined negatives stand among them
_ALPHA = 0.05


class Comparison(Protocol):
    """What the statistics say of two sides that answered the same questions."""

    @property
    def difference(self) -> float:
        """Mean score of the first minus that of the second."""

    @property
    def p_value(self) -> float:
        """Two-sided."""


Compare = Callable[[Scores, Scores, Sequence[str]], Comparison]
"""From the scores of the new and the old side and the groups of the questions to their comparison."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure of the gate, on the held-out questions."""

    before: float
    after: float
    p_value: float

    def is_significant(self, metrics: int) -> bool:
        """Whether the two differ, after Bonferroni's correction for so many metrics."""
        return self.p_value < _ALPHA / metrics


@dataclass(frozen=True, slots=True)
class RetrieverCard:
    """What is known of a trained retriever; beside its weights as card.json.

    Attributes:
        folder: of the model; what CROSSOVER_EMBEDDING_MODEL takes.
        base: the embedding model it was trained from.
        file: the pairs.
        learnt, held_out: how many questions.
        metrics: of the whole search, words included, with either model.
        promoted: recall@5 or MRR@10 rose significantly and neither fell so.
    """

    name: str
    digest: str
    folder: str
    base: str
    file: str
    learnt: int
    held_out: int
    groups: int
    how: FineTuning
    seconds: float
    trained_at: str
    metrics: dict[str, Metric]
    promoted: bool


def train_retriever(
    file: Path,
    index: Index,
    home: Path,
    name: str,
    compare: Compare,
    *,
    model: str | None = None,
    held_out: Path | None = None,
    how: FineTuning | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> RetrieverCard:
    """Fine-tune the embedding model on a file of pairs and judge it on questions that it has not seen.

    Args:
        index: of the documents that the questions are about; not changed.
        home: the model goes to home/retrievers/NAME/DIGEST, whole or not at all.
        compare: the paired comparison of two sides over groups of questions.
        model: the setting of the embedding model; None is the packaged one.
        held_out: pairs for the gate; without it a quarter of the groups in `file`.
        tell: is told what is going on.

    Raises:
        ValueError: a wrong row, a document that is not indexed, or too few groups.
    """
    how = how or FineTuning()
    corpus = index.corpus()
    learnt = _resolve(read_pairs(file), file, corpus)
    judged = _resolve(read_pairs(held_out), held_out, corpus) if held_out else []
    if not judged:
        learnt, judged = split(learnt)
    started = time.perf_counter()
    tell(f"mining a negative for each of {len(learnt)} questions")
    found = corpus.search([pair.question for pair in learnt], corpus.present, _DEPTH)
    triples = [_triple(pair, candidates, corpus) for pair, candidates in zip(learnt, found, strict=True)]
    retrievers = home / "retrievers" / name
    retrievers.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=retrievers, prefix=".new-") as scratch:
        beside = Path(scratch, "model")
        tell(f"training on {len(triples)} questions")
        fine_tune(triples, model, how, beside)
        seconds = time.perf_counter() - started
        tell(f"embedding {len(corpus.texts)} chunks anew, to judge by {len(judged)} held-out questions")
        metrics = _judge(judged, corpus, Embedder(str(beside)), compare)
        digest = hashlib.sha256((beside / "model.safetensors").read_bytes()).hexdigest()[:12]
        folder = retrievers / digest
        card = RetrieverCard(
            name=name,
            digest=digest,
            folder=str(folder),
            base=corpus.present.embedder.name,
            file=str(file),
            learnt=len(learnt),
            held_out=len(judged),
            groups=len({pair.group for pair in judged}),
            how=how,
            seconds=round(seconds, 1),
            trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
            metrics=metrics,
            promoted=may_be_promoted(metrics),
        )
        write_atomically(beside / "card.json", json.dumps(asdict(card), indent=1, ensure_ascii=False).encode())
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
    return card


def may_be_promoted(metrics: dict[str, Metric]) -> bool:
    """Whether a metric rose significantly, and none fell so."""
    moved = [metric.after - metric.before for metric in metrics.values() if metric.is_significant(len(metrics))]
    return bool(moved) and all(change > 0 for change in moved)


def _resolve(pairs: Sequence[Pair], file: Path, corpus: Corpus) -> list[Pair]:
    """Each pair with passage, document and group: a passage names its document, a document gives its best chunk."""
    by_text = {_plain(hit.chunk.text): hit.chunk.document for hit in reversed(corpus.hits)}
    documents = {hit.chunk.document for hit in corpus.hits}
    resolved = []
    for pair in pairs:
        document = pair.document or by_text.get(_plain(pair.passage)) or _containing(pair.passage, by_text)
        if document not in documents:
            what = f"document: found {pair.document!r}" if pair.document else "passage: found in no indexed document"
            raise ValueError(f"{file}:{pair.line}:{what}, expected one of `crossover index status`")
        resolved.append(replace(pair, document=document, group=pair.group or document))
    return resolved


def _containing(passage: str, by_text: dict[str, str]) -> str:
    """The document with a chunk that holds the passage, or that the passage holds."""
    wanted = _plain(passage)
    return next((document for text, document in by_text.items() if wanted in text or text in wanted), "")


def _triple(pair: Pair, candidates: Sequence[Candidate], corpus: Corpus) -> Triple:
    """The pair's chunk, and the first below it that is another document's: those above may answer as well."""
    found = [each.passage for each in candidates]
    right = next((n for n, each in enumerate(found) if each.document == pair.document), None)
    below = found[right + 1 :] if right is not None else found
    wrong = next((each.text for each in below if each.document != pair.document), None)
    own = [each.text for each in found if each.document == pair.document]
    own = own or [hit.chunk.text for hit in corpus.hits if hit.chunk.document == pair.document]
    if wrong is None:
        wrong = next((hit.chunk.text for hit in corpus.hits if hit.chunk.document != pair.document), "")
    return Triple(pair.question, pair.passage or own[0], wrong)


def _judge(pairs: Sequence[Pair], corpus: Corpus, trained: Embedder, compare: Compare) -> dict[str, Metric]:
    groups = [pair.group for pair in pairs]
    before = corpus.ranks(pairs, corpus.present, _DEPTH)
    after = corpus.ranks(pairs, corpus.under(trained), _DEPTH)
    scores = {
        "recall@5": ((after <= 5).astype(np.float64), (before <= 5).astype(np.float64)),
        "mrr@10": (1 / after, 1 / before),
    }
    return {
        name: Metric(float(old.mean()), float(new.mean()), compare(new, old, groups).p_value)
        for name, (new, old) in scores.items()
    }


def _plain(text: str) -> str:
    return " ".join(text.split())
