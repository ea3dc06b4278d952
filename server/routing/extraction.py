"""From a question, its passages and an adapter to the router's features: the same code in serving and in learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossover.adapters.prompt import UNKNOWN
from crossover.adapters.registry import AdapterVersion
from crossover.adapters.sentences import sentences_of
from crossover.indexer.document import Passage
from crossover.server.examples import Nearest, TrainingExamples
from crossover.server.routing.features import Features
from crossover.server.routing.knowledge_age import age_of, stands, taught_changed
from crossover.server.routing.words import kinds_of, share, words_of

DEPTH = 5
"""Passages that the features look at, however few the prompt takes."""

_NEIGHBOURS = 10  # training questions looked at


def depth(passages: int) -> int:
    """How many passages are searched for where a prompt takes so many and the features look at them, too."""
    return max(passages, DEPTH)


def extract(
    question: str, found: Sequence[Passage], version: AdapterVersion | None, examples: TrainingExamples
) -> Features:
    """The features of a question beside one adapter, or beside none.

    Args:
        found: the best DEPTH passages, the best first; fewer where the index has fewer.
    """
    found = found[:DEPTH]
    nearest = examples.nearest([version], question, _NEIGHBOURS) if version else Nearest([], [])
    age = age_of(question, found, version.card) if version else None
    return Features(
        adapter=version is not None,
        passages=len(found),
        **_retrieval(question, found),
        **_familiarity(question, nearest, found, version),
        best_unseen=age.best_unseen if age else None,
        new_document=age.new_document if age else None,
        words=float(len(question.split())),
        sentences=float(len(sentences_of(question))),
        **kinds_of(question),
    )


def _retrieval(question: str, found: Sequence[Passage]) -> dict[str, Any]:
    if not found:
        return {}
    best, others = found[0], found[1:]
    wanted = words_of(question)
    title = words_of(best.title)
    by_sentence = [share(wanted, title | words_of(sentence)) for sentence in sentences_of(best.text)]
    dense = _above(best.dense, [passage.dense for passage in others])
    sparse = _above(best.sparse, [passage.sparse for passage in others])
    return {
        "score": best.score,
        "margin": best.score - others[0].score if others else None,
        "dense": best.dense,
        "dense_margin": dense,
        "sparse_margin": sparse / best.sparse if sparse is not None and best.sparse else None,
        "agreement": sum(p.dense is not None and p.sparse is not None for p in found) / len(found),
        "coverage": share(wanted, title | words_of(best.text)),
        "title_overlap": share(words_of(_document_title(best)), wanted),
        "sentence_coverage": max((each for each in by_sentence if each is not None), default=None),
    }


def _document_title(passage: Passage) -> str:
    """The title without the heading that a passage's own title ends with."""
    return passage.title.removesuffix(f" - {passage.heading[-1]}") if passage.heading else passage.title


def _above(best: float | None, others: Sequence[float | None]) -> float | None:
    """By how much the best passage is above the highest of the others, where both are known."""
    known = [score for score in others if score is not None]
    return best - max(known) if best is not None and known else None


def _familiarity(
    question: str, nearest: Nearest, found: Sequence[Passage], version: AdapterVersion | None
) -> dict[str, Any]:
    """How well the adapter was taught this, and whether the passages still say it."""
    if version is None or not nearest.examples:
        return {}
    wanted = words_of(question)
    overlaps = [_in_common(wanted, words_of(each)) for each, _ in nearest.examples]
    # Meaning alone takes two things of one kind for each other; their names are told apart by words.
    likeness = [cosine + overlap for cosine, overlap in zip(nearest.similarities, overlaps, strict=True)]
    best = max(range(len(likeness)), key=likeness.__getitem__)
    asked, taught = nearest.examples[best]
    others = [n for n, (_, answer) in enumerate(nearest.examples) if answer != taught]
    return {
        "similarity": nearest.similarity,
        "lead": likeness[best] - max(likeness[n] for n in others) if others else None,
        "overlap": overlaps[best],
        "taught_agreement": 1 - len(others) / len(nearest.examples),
        "taught_refusal": taught == UNKNOWN,
        "taught_stands": stands(taught, found),
        "taught_changed": taught_changed(asked, found, version.card),
    }


def _in_common(first: frozenset[str], second: frozenset[str]) -> float:
    """Dice's coefficient of two sets of words."""
    return 2 * len(first & second) / max(1, len(first) + len(second))
