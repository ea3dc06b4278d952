"""What an embedding model is to the indexer, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

PACKAGED = "all-MiniLM-L6-v2"


class EmbeddingModel(Protocol):
    """Unit vectors of questions and of documents, as the model wants each to be asked; safe for many threads."""

    @property
    def name(self) -> str:
        """Of the space that the vectors live in: an index holds those of one name. Costs nothing to ask."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    @property
    def max_tokens(self) -> int:
        """The most tokens of a document's text that the model reads, without its prompt and special tokens."""

    def count_tokens(self, text: str) -> int:
        """The number of tokens of a text, special tokens not counted, however long the text is."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of questions, shape (n, d)."""

    def documents(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        """The vectors of documents' chunks, a batch at a time: their places, and vectors of shape (batch, d)."""


def by_length(texts: Sequence[str], size: int) -> list[list[int]]:
    """The places of some texts in batches of texts about as long as each other, the longest first.

    So little of a batch is padding, and the batch that ends last is a short one.
    """
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]), reverse=True)
    return [order[start : start + size] for start in range(0, len(order), size)]
