"""Causal attention on a CPU with as few passes over the scores as it takes.

The scores are by far the largest tensor of a layer, and what Transformers does to them one operation at a time (scale,
mask, softmax in float32, cast) and autograd undoes in the same steps costs more than the two products around it; the
fused kernel of PyTorch is slower still for rows of a few hundred tokens. Here the queries are scaled instead, the mask
is written in place, and the way back is written out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "crossover_causal"
# Attention without anything but scale, causality and perhaps a window; others keep what Transformers gives them.
_PLAIN = frozenset({"llama", "mistral", "qwen2", "qwen3", "phi", "phi3", "gemma"})


def causal_attention(model_type: str) -> str:
    """The name under which a model of this type finds this attention; of another type: PyTorch's plain one."""
    if model_type not in _PLAIN:
        return "eager"
    AttentionInterface.register(NAME, _forward)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME


def _forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attention over (rows, heads, tokens, width); the result as (rows, tokens, heads, width)."""
    if attention_mask is not None or dropout or scaling is None or query.shape[2] != key.shape[2]:
        return sdpa_attention_forward(  # type: ignore[no-any-return]
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
        )
    kind = query.device.type
    if torch.is_autocast_enabled(kind):  # of weights in float32 the values come narrow, what is rotated does not
        query, key, value = (each.to(torch.get_autocast_dtype(kind)) for each in (query, key, value))
    groups = getattr(module, "num_key_value_groups", 1)
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    out: Tensor = _Causal.apply(query, key, value, scaling)  # type: ignore[no-untyped-call]
    return out.transpose(1, 2).contiguous(), None


class _Causal(torch.autograd.Function):
    """``softmax(s Q K' + mask) V``."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """The values, weighted."""
        with torch.autocast(query.device.type, enabled=False):
            query = query * scale
            later = torch.ones(query.shape[2], query.shape[2], dtype=torch.bool).triu_(1)
            scores = (query @ key.transpose(2, 3)).masked_fill_(later, -torch.inf)
            weights = torch.softmax(scores, -1)  # in float32 inside, whatever the type
            out = weights @ value
        ctx.save_for_backward(query, key, value, weights)
        ctx.scale = scale
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of queries, keys and values."""
        query, key, value, weights = ctx.saved_tensors
        (gradient,) = gradients
        of_value = weights.transpose(2, 3) @ gradient
        of_weights = gradient @ value.transpose(2, 3)
        of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
        return (of_scores @ key).mul_(ctx.scale), of_scores.transpose(2, 3) @ query, of_value, None
