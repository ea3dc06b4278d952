"""Attention that finds repeated words from the first step on.

To answer from a passage a small model first has to learn heads that look one word back, and heads that look where
the same word stood before (induction heads, Olsson et al. 2022, https://arxiv.org/abs/2209.11895): from random
weights that takes it millions of tokens. Here some heads of the first four layers begin as such; training is free to
change them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from crossover.adapters.base_model.embeddings import CONSTANT
from crossover.adapters.base_model.model import Reader

_EMBEDDING = "model.embed_tokens.weight"
_BACK = (1, 2)
"""Heads of the first layer that look so many tokens back."""
_EQUAL = ((0, 2), (1, 2), (2, 0))
"""Heads, by layer and number, that look at equal words; the last one takes over in which passage they stand."""
_NEAR = {(0, 3): 4, (2, 1): 4, (2, 2): 7, (3, 0): 4, (3, 1): 7}
"""Heads, by layer and number, that see what stands near, with the fastest of the three pairs that tell how near.

Pair 4 falls off within some ten tokens, pair 7 within thirty."""
_LOOK, _MATCH, _CARRY = 1.3, 2.4, 0.08
"""How sharply heads look at a place and at equal words, and how much of what they see is carried on."""


@dataclass(frozen=True, slots=True)
class _Head:
    """One attention head: what it compares, and what it hands on."""

    model: Reader
    layer: int
    number: int

    def looks(self, query: Tensor, key: Tensor) -> None:
        """Sets query and key weights (head size, width)."""
        self._matrix("q")[self._own], self._matrix("k")[self._own] = query, key

    def carries(self, values: Tensor, out: Tensor) -> None:
        """Sets value weights (head size, width) and where they go (width, head size)."""
        self._matrix("v")[self._own], self._matrix("o")[:, self._own] = values, out

    @property
    def _own(self) -> slice:
        size = _sizes(self.model)[1]
        return slice(self.number * size, (self.number + 1) * size)

    def _matrix(self, name: str) -> Tensor:
        return self.model.get_parameter(f"model.layers.{self.layer}.self_attn.{name}_proj.weight")


@torch.no_grad()
def wire(model: Reader, bracket: int, seed: int) -> None:
    """Sets the heads.

    Args:
        model: its embedding has to have the constant dimension (`embeddings.py`).
        bracket: the token that ends the number of a passage.
        seed: of the spaces in which heads compare and carry on what they see.
    """
    generator = torch.Generator().manual_seed(seed)
    width, size = _sizes(model)
    carried = []
    for number, back in enumerate(_BACK):
        values, out = _blind(_orthonormal(size, width, generator)), _orthonormal(size, width, generator).T
        head = _Head(model, 0, number)
        head.looks(*_places(model, back))
        head.carries(values, out * _CARRY)
        carried.append((values, out))
    for layer, number in _EQUAL:
        same = _slow(model, _blind(_orthonormal(size, width, generator))) * _MATCH
        _Head(model, layer, number).looks(same, same)
    for number, (values, out) in enumerate(carried):  # looks at the word after the one that stands here
        mixed = _slow(model, _orthonormal(size, size, generator))
        _Head(model, 1, number).looks(mixed @ values * _MATCH, mixed @ out.T * _MATCH)
    passage = _number_passages(model, bracket, carried[0][1], generator)
    known = _orthonormal(size, size, generator) @ passage.T * 2
    _Head(model, 2, 0).carries(known, _orthonormal(size, width, generator).T * _CARRY * 2)
    for (layer, number), pair in _NEAR.items():
        look = torch.zeros(size, width)
        look[pair : pair + 3, CONSTANT] = 0.9
        _Head(model, layer, number).looks(look, look)


def _number_passages(model: Reader, bracket: int, before: Tensor, generator: torch.Generator) -> Tensor:
    """A head of the second layer sees the last bracket, and with it the number of the passage it stands in.

    Args:
        before: where heads carry what stands one piece back (width, head size).

    Returns:
        Where the number is carried on (width, head size).
    """
    width, size = _sizes(model)
    near = torch.zeros(size)
    near[6:15] = 1.0  # pairs that fall off over some hundred tokens
    sign = torch.nn.functional.normalize(_blind(model.get_parameter(_EMBEDDING)[bracket][None]), dim=1)[0]
    query = torch.zeros(size, width)
    query[:, CONSTANT] = near * _LOOK
    out = _orthonormal(size, width, generator).T
    head = _Head(model, 1, 3)
    head.looks(query, near[:, None] * sign[None] * _LOOK)
    head.carries(_orthonormal(size, size, generator) @ before.T * 2, out * _CARRY)
    return out


def _places(model: Reader, back: int) -> tuple[Tensor, Tensor]:
    """Query and key weights (head size, width) whose product is largest so many tokens back."""
    width, size = _sizes(model)
    half = size // 2
    angles = model.shape.theta ** (-torch.arange(half).float() / half) * back
    fast = (torch.arange(half) < half // 3).float()
    query, key = torch.zeros(size, width), torch.zeros(size, width)
    query[:half, CONSTANT], query[half:, CONSTANT] = _LOOK * angles.cos() * fast, -_LOOK * angles.sin() * fast
    key[:half, CONSTANT] = _LOOK * fast
    return query, key


def _slow(model: Reader, rows: Tensor) -> Tensor:
    """The rows that distance hardly turns, the others zero."""
    half = _sizes(model)[1] // 2
    slow = torch.arange(half) >= half - half * 3 // 8
    return rows * torch.cat([slow, slow])[:, None]


def _sizes(model: Reader) -> tuple[int, int]:
    """Width of the model and of a head."""
    return model.shape.width, model.shape.width // model.shape.heads


def _orthonormal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Rows (rows, columns) of length 1 at right angles to each other."""
    square = torch.randn(columns, rows, generator=generator)
    made: Tensor = torch.linalg.qr(square)[0].T.contiguous()
    return made


def _blind(rows: Tensor) -> Tensor:
    """The rows without the dimension in which all pieces are equal."""
    return rows * (torch.arange(rows.shape[1]) != CONSTANT)
