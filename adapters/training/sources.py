"""Which of an example's candidate passages states its answer, which part of it, and what both are about."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from crossover.adapters.examples import Example
from crossover.adapters.prompt import UNKNOWN
from crossover.adapters.sentences import sentence_hash, sentences_of
from crossover.adapters.training.values import frame_words, occurs, stated_span, words_of

Retrieved = tuple[str, str, str, str]
"""Title, text, document id, content hash of one passage."""
Retrieve = Callable[[str, int], Sequence[Retrieved]]
"""The passages for a question, the best first, and how many are wanted."""
OpenIndex = Callable[[], AbstractContextManager[Retrieve]]
"""Opens what holds the passages: a training keeps it open until it has them all, and not for the hours after."""


# How much of what the best candidate has of a question's words, weighed by rarity, its source must have too.
_COVER = 0.5


@dataclass(frozen=True, slots=True)
class Source:
    """An example, its candidate passages, and which of them states which part of its answer."""

    example: Example
    candidates: tuple[Retrieved, ...]
    gold: int | None = None
    span: str = ""
    names: tuple[str, ...] = ()
    """Words of the question that may be what it is about, and that stand in the gold passage."""


def find_sources(examples: Sequence[Example], retrieve: Retrieve, candidates: int) -> list[Source]:
    """Each example with its candidates, `candidates` of them; every distinct question is asked once."""
    found = {question: tuple(retrieve(question, candidates)) for question in {e.question: None for e in examples}}
    rarity = _Rarity(found.values())
    frame = frame_words(example.answer for example in examples)
    return [_source(example, found[example.question], rarity, frame) for example in examples]


class _Rarity:
    """How much a word tells a passage from the others: its inverse document frequency."""

    def __init__(self, found: Iterable[Sequence[Retrieved]]) -> None:
        passages = {(title, text) for candidates in found for title, text, _, _ in candidates}
        self._frequency = Counter(word for title, text in passages for word in words_of(f"{title} {text}"))
        self._passages = max(1, len(passages))

    def of(self, word: str) -> float:
        """0 for a word that all passages have; a word in none of them tells nothing either."""
        frequency = self._frequency[word.lower()]
        return math.log(self._passages / frequency) if frequency else 0.0


def _source(example: Example, candidates: tuple[Retrieved, ...], rarity: _Rarity, frame: frozenset[str]) -> Source:
    if example.answer == UNKNOWN:
        return Source(example, candidates)
    words = {word: rarity.of(word) for word in words_of(example.question)}
    covers = [
        sum(weight for word, weight in words.items() if word in words_of(f"{title} {text}"))
        for title, text, _, _ in candidates
    ]
    spans = [
        # A value that stands in a passage about something else is chance, not the source of the answer.
        stated_span(example.answer, example.question, text, frame) if cover >= _COVER * max(covers) else ""
        for (_, text, _, _), cover in zip(candidates, covers, strict=True)
    ]
    longest = max(spans, key=len, default="")
    if not longest:
        return Source(example, candidates)
    gold = spans.index(longest)
    return Source(example, candidates, gold, longest, _names(example.question, candidates[gold], longest, rarity))


def _names(question: str, gold: Retrieved, span: str, rarity: _Rarity) -> tuple[str, ...]:
    """The words by which question and passage are about the same thing: proper names, else the rarest word."""
    text = f"{gold[0]} {gold[1]}"
    words = list(re.finditer(r"[^\W\d_]{3,}", question))
    shared = [word for word in words if occurs(word[0], text) and not occurs(word[0], span)]
    proper = {word[0] for word in shared if word[0][0].isupper() and word.start() > 0}
    if proper:
        return tuple(sorted(proper))
    rarest = max((word[0] for word in shared), key=rarity.of, default="")
    return (rarest,) if rarest else ()


def documents_of(sources: Iterable[Source]) -> dict[str, list[str]]:
    """Each document with the content hashes of its chunks that were candidates."""
    documents: dict[str, set[str]] = {}
    for source in sources:
        for _, _, document, content_hash in source.candidates:
            documents.setdefault(document, set()).add(content_hash)
    return {document: sorted(hashes) for document, hashes in sorted(documents.items())}


def joined(*seen: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The documents of all, each with the content hashes that it has in any."""
    names = sorted({name for each in seen for name in each})
    return {name: sorted({digest for each in seen for digest in each.get(name, ())}) for name in names}


def sentences_seen(sources: Iterable[Source]) -> list[str]:
    """The hashes of all sentences of the candidates."""
    texts = {text for source in sources for _, text, _, _ in source.candidates}
    return sorted({sentence_hash(sentence) for text in texts for sentence in sentences_of(text)})


def stated_in(sources: Iterable[Source]) -> dict[str, tuple[str, str]]:
    """For the hash of each question whose answer a passage states: its document, and the hash of the sentence."""
    places = {}
    for source in sources:
        if source.gold is None:
            continue
        _, text, document, _ = source.candidates[source.gold]
        stating = next((sentence for sentence in sentences_of(text) if occurs(source.span, sentence)), None)
        if stating:
            places[sentence_hash(source.example.question)] = (document, sentence_hash(stating))
    return places
