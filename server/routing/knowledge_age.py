"""Knowledge age: what of the passages an adapter has not seen, and what it was taught that they no longer say.

Content is compared, not time: a document saved again, moved or laid out anew is not newer, and where a card keeps
sentences, a fact that changed makes no other fact of its page newer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from crossover.adapters.card import AdapterCard
from crossover.adapters.sentences import sentence_hash, sentences_of
from crossover.indexer.document import Passage
from crossover.server.routing.words import share, words_of


@dataclass(frozen=True, slots=True)
class Age:
    """As the features of the same names."""

    best_unseen: bool | None = None
    new_document: bool | None = None


def age_of(question: str, passages: Sequence[Passage], card: AdapterCard) -> Age:
    """Whether what the best passage says about a question is news to the adapter."""
    if not card.documents or not passages:
        return Age()
    news = _is_news(question, passages[0], card)
    # A renamed document that still says the same is not new.
    return Age(news, news and passages[0].document not in card.documents)


def taught_changed(taught: str, passages: Sequence[Passage], card: AdapterCard) -> bool | None:
    """Whether the sentence that stated the answer to a training question has changed since.

    Searches that miss the right passage find its neighbours, which may be as they were; so the taught document is
    looked at, wherever among the passages it stands. None where it is not among them, or they do not tell.
    """
    document, digest = card.stated.get(sentence_hash(taught), ("", ""))
    found = [passage for passage in passages if passage.document == document]
    if any(digest == sentence_hash(sentence) for passage in found for sentence in sentences_of(passage.text)):
        return False
    # Without news of what was asked, the sentence stands in a part of the document that was not found.
    return True if any(_is_news(taught, passage, card, must_speak=True) for passage in found) else None


def stands(answer: str, passages: Sequence[Passage]) -> float | None:
    """The share of an answer's words that stand in the passage that has most of them; None without either."""
    wanted = words_of(answer)
    shares = [share(wanted, words_of(passage.text)) for passage in passages]
    return max((found for found in shares if found is not None), default=None)


def _is_news(question: str, passage: Passage, card: AdapterCard, *, must_speak: bool = False) -> bool:
    """Whether training has not seen the chunk, nor the sentence in it that speaks most of the question.

    Args:
        must_speak: whether a passage that says nothing of the question is no news.
    """
    if passage.content_hash in card.chunk_hashes:
        return False
    if not card.sentences:
        return True
    wanted = words_of(question) - words_of(passage.title)  # what the whole passage is about tells no sentence apart
    by_share = [(len(wanted & words_of(sentence)), sentence) for sentence in sentences_of(passage.text)]
    most = max((number for number, _ in by_share), default=0)
    if must_speak and not most:
        return False
    return not all(_saw(sentence_hash(sentence), card.sentences) for number, sentence in by_share if number == most)


def _saw(digest: str, ordered: Sequence[str]) -> bool:
    place = bisect_left(ordered, digest)
    return place < len(ordered) and ordered[place] == digest
