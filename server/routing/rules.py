"""`auto` without a fitted policy: rules that can be read, in the order in which they are tried.

nothing indexed, no adapter                    base
nothing indexed, an adapter                    finetune
no adapter                                     rag
the question is unlike all training questions  rag        the adapter was not taught this
it is not known what the adapter has seen      hybrid     memory and documents side by side
what it was taught of this has changed since   hybrid     what it learnt is out of date
the best passage is news to the adapter        hybrid     what it learnt may be out of date
else                                           finetune   it knows this, and nothing has changed
"""

from __future__ import annotations

from dataclasses import dataclass

from crossover.server.routing.features import Features

FAMILIAR = 0.6
"""Cosine of MiniLM vectors from which a question counts as like one that the adapter was trained on."""


@dataclass(frozen=True, slots=True)
class Route:
    """The chosen strategy, and one plain sentence that says why."""

    strategy: str
    reason: str


def choose(features: Features) -> Route:
    """The strategy for a question, by the first rule that applies."""
    if not features.passages:
        if features.adapter:
            return Route("finetune", "No document matches, so the adapter answers from memory.")
        return Route("base", "There is neither an indexed document nor an adapter, so the base model answers alone.")
    if not features.adapter:
        return Route("rag", "No adapter is promoted, so the documents answer.")
    if features.similarity is not None and features.similarity < FAMILIAR:
        near = f"the nearest training question has a similarity of {features.similarity:.2f}"
        return Route(
            "rag", f"The question is unlike what the adapter was trained on ({near}), so the documents answer."
        )
    if features.best_unseen is None:
        return Route("hybrid", "It is not known which documents the adapter has seen, so it answers with passages.")
    if features.taught_changed:
        return Route("hybrid", "The document has changed what the adapter was taught, so it answers with passages.")
    if features.best_unseen:
        return Route("hybrid", "The best passage is newer than the adapter's training, so it answers with passages.")
    return Route("finetune", "The adapter was trained on such questions and the best passage has not changed since.")
