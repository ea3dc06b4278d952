"""What a training needs of a device's memory, and how a step is cut so that it fits.

Estimated from the model's shape: frozen weights; LoRA with its gradients and Adam's two moments in float32; and what
the way back needs of each layer and token, counted tensor by tensor after Korthikanti et al. 2022 (arXiv:2205.05198)
for layers with a gated MLP and fused attention, and rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_OPTIMIZED = 16  # bytes for each trained number: itself, its gradient, two moments
_RESERVE = 1 << 30  # the runtime's own, and work space
_USABLE = 0.9  # of what is free: allocators lose some between blocks


class TooLittleMemory(RuntimeError):
    """The device has not enough memory free, even for one row at a time; the message has the figures."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a model decides how much memory its training takes.

    Attributes:
        bytes: of the frozen weights.
        trained: numbers that are trained.
        layers: of the transformer.
        hidden: width of the model.
        intermediate: width of the MLP.
    """

    bytes: int
    trained: int
    layers: int
    hidden: int
    intermediate: int

    def needed(self, tokens: int, *, checkpointing: bool) -> int:
        """Bytes for a step whose forward pass holds so many tokens, padding included."""
        of_layer = 28 * self.hidden + 10 * self.intermediate
        # With checkpointing each layer keeps its input alone, and one at a time is computed again.
        of_token = 2 * self.hidden * self.layers + of_layer if checkpointing else of_layer * self.layers
        return self.bytes + _OPTIMIZED * self.trained + _RESERVE + of_token * tokens


def shape_of(path: str, rank: int | None, dtype: torch.dtype) -> Shape:
    """The shape of a model with LoRA on all its linear layers, or trained whole, from its configuration alone.

    Args:
        path: a folder or hub id.
        rank: of the LoRA matrices; None where all weights are trained.
        dtype: of the frozen weights.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(path)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    output = model.get_output_embeddings()
    linear = [each for each in model.modules() if isinstance(each, torch.nn.Linear) and each is not output]
    text = config.get_text_config()
    return Shape(
        bytes=sum(each.numel() for each in model.parameters()) * dtype.itemsize,
        trained=sum(each.numel() for each in model.parameters())
        if rank is None
        else rank * sum(each.in_features + each.out_features for each in linear),
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        intermediate=getattr(text, "intermediate_size", None) or 4 * text.hidden_size,
    )


@dataclass(frozen=True, slots=True)
class Cut:
    """How a step is computed: so many rows at a time, and whether layers are computed again on the way back."""

    rows: int
    checkpointing: bool


def cut(shape: Shape, rows: int, longest: int, free: int, device: str) -> Cut:
    """The fastest way that fits: all rows at once, else with checkpointing, else fewer rows with checkpointing.

    Args:
        rows: computed at a time where memory does not matter; what is chosen divides it.
        longest: tokens of the longest row.
        free: bytes that the device has free.
        device: its name, for the message.

    Raises:
        TooLittleMemory: one row does not fit either.
    """
    sizes = [size for size in range(rows, 0, -1) if rows % size == 0]
    for choice in [Cut(rows, checkpointing=False), *(Cut(size, checkpointing=True) for size in sizes)]:
        if shape.needed(choice.rows * longest, checkpointing=choice.checkpointing) <= _USABLE * free:
            return choice
    least = shape.needed(longest, checkpointing=True)
    weights, adapter = shape.bytes, _OPTIMIZED * shape.trained
    raise TooLittleMemory(
        f"{device} has {_gib(free)} GiB free, and this training needs {_gib(least / _USABLE)} at least: "
        f"{_gib(weights)} for the model, {_gib(adapter)} for the adapter and its optimizer, "
        f"{_gib(least - weights - adapter)} for one row of {longest} tokens; "
        "free some, choose another --device, or let the server's own model rest meanwhile with --pause-serving"
    )


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f}"
