"""What the router knows of a question before it is answered: cheap beside generation, None where unknown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

FEATURE_VERSION = 3
"""Raised whenever a feature is added, taken away or computed otherwise: a policy of another version is refused."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Features:
    """One question as the router sees it, beside one adapter.

    Attributes:
        adapter: whether an adapter could answer.
        passages: how many passages were found; the search goes deeper than the prompt, for the margins.
        score: fused retrieval score of the best passage, 0 to 1; None without passages.
        margin: by how much it is above the second.
        dense: cosine of the best passage to the question; None where it was found by its words alone.
        dense_margin: by how much that is above the highest of the others; below 0 where the searches disagree.
        sparse_margin: by how much the others' highest BM25 is below that of the best passage, relative to it. The
            score itself is none: it moves with every page that comes or goes.
        agreement: share of the passages that both searches found.
        coverage: share of the question's words that the best passage has.
        title_overlap: share of its document's title that the question has: lower where the question names another
            thing, or says the name otherwise.
        sentence_coverage: the same as coverage of the one sentence, with the passage's title, that has most of them.
        similarity: cosine of the question to the nearest training question of the adapter; None where the
            examples were not kept.
        lead: by how much that is above the nearest training question with another answer.
        overlap: share of their words that the question and the training question most like it have in common.
        taught_agreement: share of the nearest training questions with the same answer as that one.
        taught_refusal: whether that one is answered with "I don't know".
        best_unseen: whether the best passage says something about the question which the adapter has not seen in
            training, because the document is new or has changed since; None where its card does not say what it
            has seen. By the sentence that speaks most of the question; by the whole chunk where the card keeps
            no sentences. Of the other passages nothing is told: they are about other things.
        new_document: whether the adapter has seen nothing of the best passage's document.
        taught_stands: share of the words of the taught answer that stand in one of the passages: near 0, what
            was taught is no longer written there. None without passages or taught answer.
        taught_changed: whether the sentence that stated the taught answer has changed since; None where the card does
            not say where it stood, or its document was not found.
        words: how many the question has.
        sentences: how many it has, such as a question and an instruction.
        asks_person, asks_number, asks_time, asks_place: what its question word asks for, in English.
    """

    adapter: bool
    passages: int
    score: float | None = None
    margin: float | None = None
    dense: float | None = None
    dense_margin: float | None = None
    sparse_margin: float | None = None
    agreement: float | None = None
    coverage: float | None = None
    title_overlap: float | None = None
    sentence_coverage: float | None = None
    similarity: float | None = None
    lead: float | None = None
    overlap: float | None = None
    taught_agreement: float | None = None
    taught_refusal: bool | None = None
    best_unseen: bool | None = None
    new_document: bool | None = None
    taught_stands: float | None = None
    taught_changed: bool | None = None
    words: float | None = None
    sentences: float | None = None
    asks_person: bool | None = None
    asks_number: bool | None = None
    asks_time: bool | None = None
    asks_place: bool | None = None

    def vector(self) -> Vector:
        """The values in the order of NAMES, shape (len(NAMES),); NaN where unknown."""
        return np.array([np.nan if (value := getattr(self, name)) is None else float(value) for name in NAMES])

    def known(self) -> dict[str, float | bool | None]:
        """The values by name, for people and for run files, so that Features(**known) is the same again."""
        return asdict(self)


NAMES = tuple(each.name for each in fields(Features) if each.name not in ("adapter", "passages"))
"""The features that a policy weighs, in the order of its columns."""

AGE = ("best_unseen", "new_document", "taught_stands", "taught_changed")
"""Those that tell the age of the adapter's knowledge."""
