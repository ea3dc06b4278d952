"""LoRA's products for a batch whose rows have adapters of their own; compiled by numba when it is first called.

A decode step brings one row for each question, so that an adapter gets a few rows at a time: products so small cost
PyTorch more in calls than in arithmetic, and several adapters that many times over. Here one call serves all rows of a
layer. Four rows of one adapter go through its A and B together, so that the weights are read once for the four.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import torch
from numba import carray, njit, types
from numba.core.cgutils import voidptr_t
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

ROWS = 4
"""As many rows go through the weights together."""
RANKS = 4
"""Ranks come in multiples of this."""
HEAD = 3
"""What a block says before its rows: slot, whether it is the first with that slot, how many rows."""

# Sums may be taken in another order, for the vector units; nothing else of IEEE 754 is given up.
_REORDER = {"reassoc", "contract"}
# As many threads as vLLM gave PyTorch: numba would take one for each core, and make PyTorch do so, too.
numba.config.NUMBA_NUM_THREADS = torch.get_num_threads()
_PARALLEL = torch.get_num_threads() > 1

Floats = NDArray[np.float32]
Halves = NDArray[np.uint16]
Integers = NDArray[np.int64]


def blocks(slots: Sequence[int]) -> Integers:
    """The rows with an adapter, four of one slot to a block: (blocks, HEAD + ROWS), each its head and then the rows.

    A block of fewer names its last row again: so every row's sums come in one order, whoever shares its batch.

    Args:
        slots: the slot of each row; -1 for rows without an adapter.
    """
    rows_of: dict[int, list[int]] = {}
    for row, slot in enumerate(slots):
        if slot >= 0:
            rows_of.setdefault(slot, []).append(row)
    made = [
        (slot, first == 0, len(part), *part, *part[-1:] * (ROWS - len(part)))
        for slot, rows in sorted(rows_of.items())
        for first, part in ((first, rows[first : first + ROWS]) for first in range(0, len(rows), ROWS))
    ]
    return np.array(made, dtype=np.int64).reshape(-1, HEAD + ROWS)


def _value(stored: Any) -> float:
    """A float32, or the bits of a bfloat16, which is the upper half of one."""
    raise NotImplementedError("compiled code alone calls it")


@overload(_value, strict=False)  # else the annotations would have to be alike, too
def _(stored: Any) -> Callable[[Any], Any]:
    if stored == types.uint16:
        return lambda stored: np.uint32(np.uint32(stored) << 16).view(np.float32)
    return lambda stored: stored


class Weights(NamedTuple):
    """One layer's adapters, S of them, for a layer of P output slices (q, k and v share a layer), o columns together.

    Attributes:
        a: (S, P · R, d), R ranks for each slice.
        b: (S, R, o).
        ranks: (S, P), how many of the R each adapter has for each slice; multiples of RANKS, filled up with zeros.
        starts: (P + 1,), the slices' columns.
    """

    a: Floats | Halves
    b: Floats | Halves
    ranks: Integers
    starts: Integers


@njit(fastmath=_REORDER)
def _shrink(h: Floats, x: Floats, rows: Integers, a: Floats, slot: int, first: int, last: int) -> None:
    """h[k, first:last] = A[slot, first:last] x[rows[k]], two ranks at a time: their 8 sums stay in registers."""
    row0, row1, row2, row3 = rows[0], rows[1], rows[2], rows[3]
    for rank in range(first, last, 2):
        a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = np.float32(0)
        for column in range(a.shape[2]):
            one, other = _value(a[slot, rank, column]), _value(a[slot, rank + 1, column])
            x0, x1, x2, x3 = x[row0, column], x[row1, column], x[row2, column], x[row3, column]
            a0 += x0 * one
            a1 += x1 * one
            a2 += x2 * one
            a3 += x3 * one
            b0 += x0 * other
            b1 += x1 * other
            b2 += x2 * other
            b3 += x3 * other
        h[0, rank], h[1, rank], h[2, rank], h[3, rank] = a0, a1, a2, a3
        h[0, rank + 1], h[1, rank + 1], h[2, rank + 1], h[3, rank + 1] = b0, b1, b2, b3


@njit(fastmath=_REORDER)
def _expand(y: Floats, z: Floats, h: Floats, g: Floats, b: Floats, slot: int, first: int, scale: float) -> None:
    """y += h B · scale and z += g B · scale, where B is B[slot, :, first : first + len(y)]; four ranks at a time."""
    last = first + len(y)
    for rank in range(0, len(h), RANKS):
        h0, h1, h2, h3 = h[rank] * scale, h[rank + 1] * scale, h[rank + 2] * scale, h[rank + 3] * scale
        g0, g1, g2, g3 = g[rank] * scale, g[rank + 1] * scale, g[rank + 2] * scale, g[rank + 3] * scale
        # Slices, which tell the compiler that each is contiguous: without them nothing is vectorised.
        b0, b1 = b[slot, rank, first:last], b[slot, rank + 1, first:last]
        b2, b3 = b[slot, rank + 2, first:last], b[slot, rank + 3, first:last]
        for column in range(len(y)):
            w0, w1, w2, w3 = _value(b0[column]), _value(b1[column]), _value(b2[column]), _value(b3[column])
            y[column] += h0 * w0 + h1 * w1 + h2 * w2 + h3 * w3
            z[column] += g0 * w0 + g1 * w1 + g2 * w2 + g3 * w3


@njit(fastmath=_REORDER)
def _fetch(weights: Floats) -> np.float32:
    """The sum of (ranks, columns), which nobody needs: but the processor reads ahead of one long stream, not of the
    several short ones in the products, which then find the weights in its cache."""
    total = np.float32(0)
    for rank in range(len(weights)):
        row = weights[rank]
        for column in range(len(row)):
            total += _value(row[column])
    return total


@njit
def _add_block(y: Floats, x: Floats, rows: Integers, head: Integers, weights: Weights, scale: float) -> np.float32:
    """The products of one block, whose rows in y and x are `rows`.

    Returns:
        Nothing of use: but what went unused would not be fetched.
    """
    slot, first_of_slot, count = head[0], head[1], head[2]
    a, b, ranks, starts = weights
    h = np.empty((ROWS, a.shape[1]), np.float32)
    unused = np.empty(y.shape[1], np.float32)  # beside the last row where their number is odd
    fetched = _fetch(a[slot]) if first_of_slot else np.float32(0)
    for part in range(ranks.shape[1]):
        low = part * b.shape[1]
        _shrink(h, x, rows, a, slot, low, low + ranks[slot, part])
    if first_of_slot:
        fetched += _fetch(b[slot])
    for part in range(ranks.shape[1]):
        low, first, last = part * b.shape[1], starts[part], starts[part + 1]
        high = low + ranks[slot, part]
        for k in range(0, count, 2):
            z = y[rows[k + 1], first:last] if k + 1 < count else unused[first:last]
            _expand(y[rows[k], first:last], z, h[k, low:high], h[k + 1, low:high], b, slot, first, scale)
    return fetched


@intrinsic
def _pointer(_: Any, address: Any) -> tuple[Any, Callable[..., Any]]:
    """An address as `carray` takes it."""
    return types.voidptr(address), lambda _, builder, __, values: builder.inttoptr(values[0], voidptr_t)


@njit
def _matrix(address: int, size: int, columns: int, dtype: type) -> Any:
    """So many values in memory, in rows of so many columns."""
    if size % columns:
        raise ValueError("y or x is not as wide as the layer")
    return carray(_pointer(address), (size // columns, columns), dtype)


@njit(parallel=_PARALLEL, nogil=True)
def _add_float32(
    y_at: int, y_size: int, x_at: int, x_size: int, rows: Integers, weights: Weights, scale: float
) -> np.float32:
    y = _matrix(y_at, y_size, weights.b.shape[2], np.float32)
    x = _matrix(x_at, x_size, weights.a.shape[2], np.float32)
    fetched = np.float32(0)
    for n in numba.prange(len(rows)):
        fetched += _add_block(y, x, rows[n, HEAD:], rows[n, :HEAD], weights, np.float32(scale))
    return fetched


@njit(parallel=_PARALLEL, nogil=True)
def _add_bfloat16(
    y_at: int, y_size: int, x_at: int, x_size: int, rows: Integers, weights: Weights, scale: float
) -> np.float32:
    y = _matrix(y_at, y_size, weights.b.shape[2], np.uint16)
    x = _matrix(x_at, x_size, weights.a.shape[2], np.uint16)
    fetched = np.float32(0)
    for n in numba.prange(len(rows)):
        head, block = rows[n, :HEAD], rows[n, HEAD:]
        sums, inputs = np.empty((ROWS, y.shape[1]), np.float32), np.empty((ROWS, x.shape[1]), np.float32)
        for k in range(ROWS):
            _read(sums[k], y[block[k]])
            _read(inputs[k], x[block[k]])
        fetched += _add_block(sums, inputs, np.arange(ROWS), head, weights, np.float32(scale))
        for k in range(head[2]):
            _round(y[block[k]], sums[k])
    return fetched


@njit
def _read(into: Floats, row: Halves) -> None:
    for column in range(len(row)):
        into[column] = _value(row[column])


@njit
def _round(row: Halves, values: Floats) -> None:
    """To the nearest bfloat16, between two to the even one."""
    bits = values.view(np.uint32)
    for column in range(len(row)):
        odd = (bits[column] >> np.uint32(16)) & np.uint32(1)
        row[column] = (bits[column] + np.uint32(0x7FFF) + odd) >> np.uint32(16)


def add_products(y: torch.Tensor, x: torch.Tensor, rows: Integers, weights: Weights, scale: float) -> None:
    """y[row] += x[row] Aᵀ Bᵀ · scale, in place, with the A and B of each row's slot; summed in float32.

    Args:
        y: (T, o), of any floating type.
        x: (T, d), of any, too.
        rows: from :func:`blocks`.
    """
    kernel = _KERNELS.get(y.dtype)
    if kernel is None or not y.is_contiguous():
        sums = y.float().contiguous()
        add_products(sums, x, rows, weights, scale)
        y.copy_(sums)
        return
    x = x.to(y.dtype).contiguous()
    # Addresses: to make NumPy arrays of them takes as long as the products of a small layer.
    kernel(y.data_ptr(), y.numel(), x.data_ptr(), x.numel(), rows, weights, float(scale))


_KERNELS = {torch.float32: _add_float32, torch.bfloat16: _add_bfloat16}
