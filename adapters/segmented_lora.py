"""LoRA on the CPU, segment by segment; imported by vLLM alone, see :mod:`crossover.adapters.vllm_plugin`.

vLLM's own CPU version gathers a copy of A and B for every token, which costs nine tenths of the
throughput, and its gather reads index -1 ("no adapter") as the last slot, so that a base request
beside adapter requests is answered by whichever adapter sits there. Here the rows of one adapter go
through its A and B together, as many multiplications as they need and no more, and rows without an
adapter are not touched at all. Where several adapters have a few rows each, one batched product
serves them all: so many small ones would mostly wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch.nn.functional import linear
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

from crossover.adapters.lora_segments import Grid, Segments


class SegmentedPunicaWrapper(PunicaWrapperCPU):
    """Adds to each row what its own adapter says.

    Shapes: T rows, S adapter slots, rank r; x (T, d), A (S, 1, r, d), B (S, 1, o, r), y (T, Σ o).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tokens = Segments([])
        self._samples = Segments([])
        self._layers: dict[int, _Layer] = {}
        self._embedding = (-1, False)  # the version of its B that was looked at, and whether anything is in there

    def update_metadata(self, *args: Any, **kwargs: Any) -> None:
        """Take over which row belongs to which slot, once a step."""
        super().update_metadata(*args, **kwargs)
        self._tokens = Segments(self.token_lora_indices.tolist())
        self._samples = Segments(self.sampler_indices.tolist())

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
        rows = self._tokens
        if not rows.pieces:
            return
        layer = self._prepared(lora_a_stacked, lora_b_stacked, output_slices)
        if rows.grid is not None:
            _add_together(y, x, layer, rows.grid, scale)
            return
        if rows.order is None:
            sums = y
        else:
            x = x.index_select(0, rows.order)
            sums = y.new_zeros((x.shape[0], y.shape[1]))
        for first, last, slot in rows.pieces:
            a, products = layer.slots[slot]
            h = torch.mm(_rows(x, first, last), a).to(y.dtype)
            piece = _rows(sums, first, last)
            for start, end, low, high, b in products:
                _columns(piece, start, end).addmm_(_columns(h, low, high), b, alpha=scale)
        if rows.order is not None:
            y.index_add_(0, rows.order, sums)

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
            for rows, slot in self._tokens.rows():
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
        slots = self._prepared((lora_a_stacked,), (lora_b_stacked,), (lora_b_stacked.shape[-2],)).slots
        for rows, slot in self._samples.rows():
            a, products = slots[slot]
            for *_, b in products:  # none where the adapter leaves the head alone, as most do
                y[rows, :width] += (x[rows] @ a @ b[:, :width] * scale).to(y.dtype)

    @staticmethod
    def _expand(segments: Segments, y: torch.Tensor, h: torch.Tensor, b: torch.Tensor, add_inputs: bool) -> None:
        if not add_inputs:
            y.zero_()
        for rows, slot in segments.rows():
            y[rows] += linear(h[rows].to(b.dtype), b[slot, 0]).to(y.dtype)

    def _prepared(
        self, a_stacked: tuple[torch.Tensor, ...], b_stacked: tuple[torch.Tensor, ...], slices: tuple[int, ...]
    ) -> _Layer:
        """The weights of one layer; made again when they were written to, which tensors count."""
        written = a_stacked[0]._version  # vLLM zeroes a slot in all of them before it writes to any
        layer = self._layers.get(id(a_stacked[0]))
        if layer is None or layer.written != written:
            layer = self._layers[id(a_stacked[0])] = _prepare(a_stacked, written, b_stacked, slices)
        return layer


# One adapter's Aᵀ of all output slices side by side (d, Σ ranks), so that they share one product; and for each
# slice: its columns of y, its columns of that product, and Bᵀ (rank, o).
_Slot = tuple[torch.Tensor, list[tuple[int, int, int, int, torch.Tensor]]]


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer's weights: copies, each in the order in which a product reads it; read across the grain of vLLM's own
    stacks, the same products take almost twice as long.

    Attributes:
        a: vLLM's, which keeps the tensors alive by whose id it is found.
        shrink: Aᵀ of all adapters (S, d, Σ ranks), as many ranks for each slice as the adapter with the most has.
        expand: of each slice its columns of the shrunk, and Bᵀ of all adapters (S, rank, o).
        slots: the same, adapter by adapter.
    """

    a: tuple[torch.Tensor, ...]
    written: int
    shrink: torch.Tensor
    expand: list[tuple[int, int, torch.Tensor]]
    slots: list[_Slot]


def _prepare(
    a_stacked: tuple[torch.Tensor, ...], written: int, b_stacked: tuple[torch.Tensor, ...], slices: tuple[int, ...]
) -> _Layer:
    # vLLM pads every adapter to --max-lora-rank with zeros: only what is filled is multiplied.
    ranks = [_filled(a) for a in a_stacked]
    parts = [a[:, 0, :rank].transpose(1, 2) for a, rank in zip(a_stacked, ranks, strict=True)]
    shrink = torch.cat(parts, dim=2).contiguous()
    edges = [0, *accumulate(ranks)]
    expand = [
        (low, low + rank, b[:, 0, :, :rank].transpose(1, 2).contiguous())
        for b, rank, low in zip(b_stacked, ranks, edges, strict=False)
    ]
    starts = [0, *accumulate(slices)]
    slots = [
        (
            shrink[slot],
            [
                (start, start + width, low, high, b[slot])
                for (low, high, b), start, width in zip(expand, starts, slices, strict=False)
                if high > low
            ],
        )
        for slot in range(shrink.shape[0])
    ]
    return _Layer(a_stacked, written, shrink, expand, slots)


def _filled(a: torch.Tensor) -> int:
    """The greatest rank of the adapters in A (S, 1, r, d)."""
    filled = a[:, 0].ne(0).any(dim=-1).any(dim=0).nonzero()
    return int(filled.max()) + 1 if len(filled) else 0


def _add_together(y: torch.Tensor, x: torch.Tensor, layer: _Layer, grid: Grid, scale: float) -> None:
    """y += x Aᵀ Bᵀ · scale by batched products over the adapters of a grid."""
    h = torch.bmm(x.index_select(0, grid.rows).view(len(grid.slots), -1, x.shape[1]), layer.shrink[grid.span])
    h = h.to(y.dtype).mul_(scale)
    sums = torch.cat([torch.bmm(h[:, :, low:high], b[grid.span]) for low, high, b in layer.expand], dim=2)
    y.index_add_(0, grid.order, sums.flatten(0, 1).index_select(0, grid.real))


def _rows(x: torch.Tensor, first: int, last: int) -> torch.Tensor:
    """x[first:last], without the cost of a view where that is all of x."""
    return x if last - first == x.shape[0] else x[first:last]


def _columns(x: torch.Tensor, first: int, last: int) -> torch.Tensor:
    """x[:, first:last], without the cost of a view where that is all of x."""
    return x if last - first == x.shape[1] else x[:, first:last]
