"""LoRA on the CPU, each row with its own adapter; imported by vLLM alone, see :mod:`crossover.adapters.vllm_plugin`.

vLLM's own CPU version gathers a copy of A and B for every token, which costs nine tenths of the
throughput, and its gather reads index -1 ("no adapter") as the last slot, so that a base request
beside adapter requests is answered by whichever adapter sits there. Here a kernel of our own takes
each row through the A and B of its slot, and rows without an adapter are not touched at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch.nn.functional import linear
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

from crossover.adapters.lora_kernel import RANKS, Floats, Halves, Integers, Weights, add_products, blocks


class SegmentedPunicaWrapper(PunicaWrapperCPU):
    """Adds to each row what its own adapter says.

    Shapes: T rows, S adapter slots, rank r; x (T, d), A (S, 1, r, d), B (S, 1, o, r), y (T, Σ o).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dtype = getattr(kwargs.get("lora_config"), "lora_dtype", None)
        if isinstance(dtype, torch.dtype):
            _compile_for(dtype)
        self._tokens = blocks([])
        self._samples = blocks([])
        self._layers: dict[int, _Layer] = {}
        self._embedding = (-1, False)  # the version of its B that was looked at, and whether anything is in there

    def update_metadata(self, *args: Any, **kwargs: Any) -> None:
        """Take over which row belongs to which slot, once a step."""
        super().update_metadata(*args, **kwargs)
        self._tokens = blocks(self.token_lora_indices.tolist())
        self._samples = blocks(self.sampler_indices.tolist())

    def add_lora_linear(
        self,
        y: torch.Tensor,
        x: torch.Tensor,
        lora_a_stacked: tuple[torch.Tensor, ...],
        lora_b_stacked: tuple[torch.Tensor, ...],
        scale: float,
        output_slices: tuple[int, ...],
        *,
        buffer: tuple[torch.Tensor, ...] | None = None,
        **kwargs: Any,
    ) -> None:
        """y[:, slice i] += x Aᵢᵀ Bᵢᵀ · scale, in place, each row with its own slot's A and B."""
        if len(self._tokens):
            weights = self._prepared(lora_a_stacked, lora_b_stacked, output_slices)
            add_products(y, x, self._tokens, weights, scale)

    def add_shrink(
        self,
        y: tuple[torch.Tensor, ...] | torch.Tensor,
        x: torch.Tensor,
        lora_a_stacked: tuple[torch.Tensor, ...],
        scale: float,
        **kwargs: Any,
    ) -> None:
        """y[i] = x Aᵢᵀ · scale, (T, r); zero in rows without an adapter. Used by fully sharded layers."""
        x = x.view(-1, x.shape[-1])
        for out, a in zip(y, lora_a_stacked, strict=True):
            out.zero_()
            for rows, slot in _by_slot(self._tokens):
                out[rows] = (linear(x[rows], a[slot, 0]) * scale).to(out.dtype)

    def add_expand(
        self,
        y: torch.Tensor,
        x: tuple[torch.Tensor, ...] | torch.Tensor,
        lora_b_stacked: tuple[torch.Tensor, ...],
        output_slices: tuple[int, ...],
        offset_start: int = 0,
        add_inputs: bool = True,
        **kwargs: Any,
    ) -> None:
        """y[:, slice i] += xᵢ Bᵢᵀ, in place. Used by fully sharded layers."""
        y = y.view(-1, y.shape[-1])
        start = offset_start
        for h, b, width in zip(x, lora_b_stacked, output_slices, strict=True):
            self._expand(self._tokens, y[:, start : start + width], h, b, add_inputs)
            start += width

    def add_lora_embedding(
        self,
        y: torch.Tensor,
        x: torch.Tensor,
        lora_b_stacked: torch.Tensor,
        add_inputs: bool = True,
        **kwargs: Any,
    ) -> None:
        """y += x Bᵀ, in place, where x (T, r) was looked up in each row's own embedding A."""
        written, filled = self._embedding
        if written != lora_b_stacked._version:
            written, filled = self._embedding = lora_b_stacked._version, bool(lora_b_stacked.any())
        if filled or not add_inputs:  # most adapters leave the embedding alone
            self._expand(self._tokens, y, x, lora_b_stacked, add_inputs)

    def add_lora_logits(
        self,
        y: torch.Tensor,
        x: torch.Tensor,
        lora_a_stacked: torch.Tensor,
        lora_b_stacked: torch.Tensor,
        scale: float,
        *,
        buffer: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> None:
        """y += x Aᵀ Bᵀ · scale, in place, for the rows sampled from; y and B may pad the vocabulary differently."""
        y = y.view(-1, y.shape[-1])
        x = x.view(-1, x.shape[-1])
        width = min(y.shape[-1], lora_b_stacked.shape[-2])
        weights = self._prepared((lora_a_stacked,), (lora_b_stacked,), (lora_b_stacked.shape[-2],))
        if weights.ranks.any():  # else no adapter has anything for the head, as most have not
            added = y.new_zeros((len(y), lora_b_stacked.shape[-2]))
            add_products(added, x, self._samples, weights, scale)
            y[:, :width] += added[:, :width]

    @staticmethod
    def _expand(rows_of: Integers, y: torch.Tensor, h: torch.Tensor, b: torch.Tensor, add_inputs: bool) -> None:
        if not add_inputs:
            y.zero_()
        for rows, slot in _by_slot(rows_of):
            y[rows] += linear(h[rows].to(b.dtype), b[slot, 0]).to(y.dtype)

    def _prepared(
        self, a_stacked: tuple[torch.Tensor, ...], b_stacked: tuple[torch.Tensor, ...], slices: tuple[int, ...]
    ) -> Weights:
        """The weights of one layer; made again when they were written to, which tensors count."""
        written = a_stacked[0]._version  # vLLM zeroes a slot in all of them before it writes to any
        layer = self._layers.get(id(a_stacked[0]))
        if layer is None or layer.written != written:
            layer = _Layer(a_stacked, written, _prepare(a_stacked, b_stacked, slices))
            self._layers[id(a_stacked[0])] = layer
        return layer.weights


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer's weights, copied as the kernel reads them: contiguous, and without vLLM's padding.

    Attributes:
        stacked: vLLM's A, kept alive because the layer is found by the id of its first.
        written: how often vLLM had written to it.
    """

    stacked: tuple[torch.Tensor, ...]
    written: int
    weights: Weights


def _prepare(
    a_stacked: tuple[torch.Tensor, ...], b_stacked: tuple[torch.Tensor, ...], slices: tuple[int, ...]
) -> Weights:
    # vLLM pads every adapter to --max-lora-rank with zeros: only what is filled is multiplied.
    ranks = torch.stack([_filled(a) for a in a_stacked], dim=1)
    greatest = int(ranks.max())
    a = torch.cat([a[:, 0, :greatest] for a in a_stacked], dim=1)
    b = torch.cat([b[:, 0, :, :greatest].transpose(1, 2) for b in b_stacked], dim=2)
    return Weights(*_stored(a, b), ranks.numpy(), np.array([0, *accumulate(slices)]))


def _compile_for(dtype: torch.dtype) -> None:
    """Compile the kernel for rows of that type, which takes some seconds that the first request should not wait."""
    for value in (1.0, 1 / 3):  # the second is no bfloat16
        row, stack = torch.zeros(1, RANKS, dtype=dtype), torch.full((1, RANKS, RANKS), value, dtype=dtype)
        weights = Weights(*_stored(stack, stack), np.array([[RANKS]]), np.array([0, RANKS]))
        add_products(row, row.clone(), blocks([0]), weights, 1.0)


def _stored(a: torch.Tensor, b: torch.Tensor) -> tuple[Floats | Halves, Floats | Halves]:
    """As the kernel takes them: both in bfloat16 where they lose nothing by it, else in float32.

    Reading them from memory, step by step, is most of what another adapter in the batch costs.
    """
    narrow = a.bfloat16(), b.bfloat16()
    if torch.equal(narrow[0].float(), a.float()) and torch.equal(narrow[1].float(), b.float()):
        return _array(narrow[0]), _array(narrow[1])
    return _array(a.float()), _array(b.float())


def _array(values: torch.Tensor) -> Floats | Halves:
    """In NumPy, which has no bfloat16: its bits."""
    values = values.contiguous()
    array: Floats | Halves = (values.view(torch.uint16) if values.dtype == torch.bfloat16 else values).numpy()
    return array


def _filled(a: torch.Tensor) -> torch.Tensor:
    """The rank of each adapter in A (S, 1, r, d), up to a multiple of RANKS; (S,)."""
    filled = a[:, 0].ne(0).any(dim=-1)
    ranks = (filled * torch.arange(1, filled.shape[1] + 1)).amax(dim=1)
    return (ranks + RANKS - 1) // RANKS * RANKS


def _by_slot(rows: Integers) -> Iterator[tuple[torch.Tensor, int]]:
    """The rows of each block, to index with, and its slot."""
    for slot, _, count, *named in rows.tolist():
        yield torch.tensor(named[:count]), slot
