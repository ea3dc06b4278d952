"""Ordinary English words and what else could stand in their place, from MiniLM's vocabulary and vectors."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.tokenizer import minilm_vocabulary

FUNCTION_WORDS = frozenset(
    "a about above after again all also although an and any are as at be because been before being between both but by "
    "can could did do does doing down during each either else even ever every few for from further had has have having "
    "he her here hers him his how however i if in into is it its itself just least less let like made make makes many "
    "may me might mine more most much must my neither no nor not now of off often on once one only or other others our "
    "out over own per rather same see shall she should since so some such than that the their them then there these "
    "they this those though through thus to together too under until unless up upon us use used uses using via very "
    "was we well were what when where whether which while who whom whose why will with within without would yet you "
    "your instead given".split()
)
_NEAR = 0.5  # cosine of word vectors from which on two words count as alike


@lru_cache(maxsize=1)
def words() -> tuple[str, ...]:
    """Some 9,000 lower-case words, the common ones first; function words are left out."""
    known = [piece for piece in minilm_vocabulary() if piece.isascii() and piece.isalpha() and len(piece) > 2]
    return tuple(word for word in known[:9000] if word not in FUNCTION_WORDS)


@lru_cache(maxsize=1)
def neighbours() -> dict[str, tuple[str, ...]]:
    """For each word up to three that MiniLM holds nearest, other forms of it among them."""
    import torch

    from crossover.adapters.base_model.embeddings import minilm_vectors

    known, vocabulary = words(), minilm_vocabulary()
    vectors = minilm_vectors()
    vectors = torch.nn.functional.normalize(vectors - vectors.mean(0), dim=1)[[vocabulary[word] for word in known]]
    near: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(known), 1000):
        scores, found = (vectors[start : start + 1000] @ vectors.T).topk(4)
        for row, (score, others) in enumerate(zip(scores.tolist(), found.tolist(), strict=True)):
            alike = [known[n] for n, cosine in zip(others, score, strict=True) if cosine > _NEAR]
            near[known[start + row]] = tuple(alike[1:])
    return near


def reworded(draw: Draw, text: str, share: float, *, keep: str | None = None) -> str:
    """The text with that share of its ordinary lower-case words replaced by near ones.

    With `keep`, a name in which nothing may change, only by other forms of themselves: what is near in meaning
    ("first" and "second") would make it another question.
    """
    if keep is None:
        return " ".join(_reworded(draw, word, share) for word in text.split(" "))
    parts = re.split(f"({re.escape(keep)})", text, flags=re.IGNORECASE)
    return "".join(
        part if n % 2 else " ".join(_reworded(draw, word, share, forms=True) for word in part.split(" "))
        for n, part in enumerate(parts)
    )


@lru_cache(maxsize=1)
def synonyms() -> dict[str, tuple[str, ...]]:
    """For a word what means the same, from synonyms.txt."""
    lines = (Path(__file__).parent / "synonyms.txt").read_text(encoding="utf-8").splitlines()
    return {word: tuple(others.split(", ")) for word, others in (line.split(": ") for line in lines)}


def renamed(draw: Draw, phrase: str) -> str:
    """The phrase with one of its words, where it has such, replaced by a synonym."""
    parts = phrase.split(" ")
    fitting = [n for n, word in enumerate(parts) if word in synonyms()]
    if not fitting:
        return phrase
    n = draw.pick(fitting)
    return " ".join((*parts[:n], draw.pick(synonyms()[parts[n]]), *parts[n + 1 :]))


def wide_name(draw: Draw) -> str:
    """A capitalised ordinary word: as a name it makes the reader copy words whatever they mean."""
    return draw.pick(words()).capitalize()


def _reworded(draw: Draw, word: str, share: float, *, forms: bool = False) -> str:
    bare = word.rstrip("?.,;:")
    if not draw.chance(share):
        return word
    near = neighbours().get(bare, ())
    if forms:
        near = tuple(other for other in near if other[:4] == bare[:4])
    return draw.pick(near) + word[len(bare) :] if near else word
