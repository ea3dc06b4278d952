"""Questions in other words, as far as that goes without a model: words left out at random.

Trained on the same few wordings each epoch, an adapter learns these by heart and misses the same question asked
otherwise. With a word gone here and there, what is left has to be enough: the names and the thing asked for.
"""

from __future__ import annotations

import random
from dataclasses import replace

from crossover.adapters.examples import Example


def thinned(example: Example, share: float, draw: random.Random) -> Example:
    """The example with about `share` of its question's words left out; names and numbers stay."""
    words = example.question.split(" ")
    kept = [word for word in words if _tells(word) or draw.random() >= share]
    return replace(example, question=" ".join(kept)) if kept else example


def _tells(word: str) -> bool:
    """Whether a word may be what the question is about: it has a digit or a capital letter."""
    return any(character.isdigit() or character.isupper() for character in word)
