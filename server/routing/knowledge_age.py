"""Knowledge age: what of the passages an adapter has not seen, and what it was taught that they no longer say.

Content is compared, not time: a file saved again without a change, or cut into other chunks of which one stayed
the same, is not newer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossover.indexer.document import Passage
from crossover.server.routing.words import share, words_of

Seen = Mapping[str, Sequence[str]]
"""A card's record: document id to the content hashes of the chunks that training saw; empty: unknown."""


@dataclass(frozen=True, slots=True)
class Age:
    """As the features of the same names."""

    unseen: float | None = None
    best_unseen: bool | None = None
    new_document: bool | None = None


def age_of(passages: Sequence[Passage], seen: Seen) -> Age:
    """How much of the passages, the best first, is news to the adapter."""
    if not seen or not passages:
        return Age()
    news = [_is_news(passage, seen) for passage in passages]
    # A renamed document that still says the same is not new.
    return Age(sum(news) / len(news), news[0], news[0] and passages[0].document not in seen)


def _is_news(passage: Passage, seen: Seen) -> bool:
    if passage.content_hash in seen.get(passage.document, ()):
        return False
    return not any(passage.content_hash in hashes for hashes in seen.values())


def stands(answer: str, passages: Sequence[Passage]) -> float | None:
    """The share of an answer's words that stand in the passage that has most of them; None without either."""
    wanted = words_of(answer)
    shares = [share(wanted, words_of(passage.text)) for passage in passages]
    return max((found for found in shares if found is not None), default=None)
