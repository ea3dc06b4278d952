"""What the router knows of a question before it is answered: cheap beside generation, None where unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Features:
    """One question as the router sees it.

    Attributes:
        adapter: whether an adapter could answer.
        passages: how many passages were found.
        score: fused retrieval score of the best passage, 0 to 1; None without passages.
        dense: cosine of the best passage to the question; None where it was found by its words alone.
        similarity: cosine of the question to the nearest training question of the adapter; None where the
            examples were not kept.
        unseen: of the passages, the share whose content the adapter has not seen in training, because a
            document is new or has changed since; None where its card does not say what it has seen.
        best_unseen: the same of the best passage alone.
    """

    adapter: bool
    passages: int
    score: float | None = None
    dense: float | None = None
    similarity: float | None = None
    unseen: float | None = None
    best_unseen: bool | None = None


def knowledge_age(content_hashes: Sequence[str], seen: Mapping[str, Sequence[str]]) -> list[bool] | None:
    """For each passage whether its content is news to the adapter.

    Content is compared, not time: a file saved again without a change, or cut into other chunks of
    which this one stayed the same, is not newer.

    Args:
        content_hashes: of the retrieved chunks, the best first.
        seen: the card's record, document id to the hashes of the chunks that training saw; empty: unknown.
    """
    if not seen or not content_hashes:
        return None
    known = {content for hashes in seen.values() for content in hashes}
    return [content not in known for content in content_hashes]
