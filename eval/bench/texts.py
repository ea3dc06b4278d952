"""Texts for benchmarks: sentences of real paragraphs put together anew, or words as frequent as in any language."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from crossover.eval.bench import public_data

SQUAD = public_data.folder() / "squad" / "dev-v2.0-half.json"
_WORDS, _MADE_WORDS = 75, 35  # of a passage: 100 to 130 tokens; made words have three tokens each
_VOCABULARY = 50_000
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def passages(count: int, seed: int = 0, source: Path = SQUAD) -> list[str]:
    """`count` different passages of about 100 tokens: SQuAD's sentences in a new order; made words without it."""
    rng = random.Random(seed)
    real = source.is_file()
    sentences = _sentences(source, rng) if real else zipf_sentences(rng)
    return list(itertools.islice(_passages(sentences, _WORDS if real else _MADE_WORDS), count))


def zipf_sentences(rng: random.Random) -> Iterator[str]:
    """Sentences of made words; the frequency of the word of rank r falls with 1/r."""
    weights = list(itertools.accumulate(1 / rank for rank in range(1, _VOCABULARY + 1)))
    words = list(_vocabulary())
    while True:
        yield " ".join(rng.choices(words, cum_weights=weights, k=rng.randrange(8, 25))).capitalize() + "."


def _vocabulary() -> Iterator[str]:
    """Words of two to four syllables, always the same."""
    rng = random.Random(1)
    syllables = [first + vowel for first in "bdfgklmnprstvz" for vowel in ("a", "e", "i", "o", "u", "ar", "en", "ol")]
    seen: set[str] = set()
    while len(seen) < _VOCABULARY:
        word = "".join(rng.choices(syllables, k=rng.choice((2, 2, 3, 3, 4))))
        if word not in seen:
            seen.add(word)
            yield word


def _sentences(source: Path, rng: random.Random) -> Iterator[str]:
    articles = json.loads(source.read_text(encoding="utf-8"))["data"]
    contexts = (paragraph["context"] for article in articles for paragraph in article["paragraphs"])
    sentences = [sentence for context in contexts for sentence in _SENTENCE.split(context)]
    while True:
        rng.shuffle(sentences)
        yield from sentences


def _passages(sentences: Iterator[str], words: int) -> Iterator[str]:
    """Whole sentences until there are words enough; lengths vary as real paragraphs' do."""
    held: list[str] = []
    for sentence in sentences:
        held.append(sentence)
        if sum(len(each.split()) for each in held) >= words:
            yield " ".join(held)
            held = []
