"""A Llama in plain PyTorch under Hugging Face's weight names, built for short rows on a CPU in bf16."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

BEGIN = 1
"""The id of <|bos|>, with which every dialogue begins."""
_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the model; the defaults are the built-in reader's (11.2 M parameters, 5.2 M of them embeddings)."""

    vocabulary: int = 20269
    width: int = 256
    layers: int = 8
    heads: int = 4
    inner: int = 640
    positions: int = 2048
    # Slow enough that half of a head's pairs can match content over a thousand tokens.
    theta: float = 5e5
    epsilon: float = _EPSILON


class Reader(nn.Module):
    """The language model; `forward` gives hidden states, `logits` turns chosen ones into scores."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = _Body(shape)
        for name, parameter in self.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.zeros_(parameter)  # every layer starts as the identity
            elif parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02 if "embed" in name else shape.width**-0.5)
        half = shape.width // shape.heads // 2
        angles = torch.outer(torch.arange(shape.positions).float(), shape.theta ** (-torch.arange(half).float() / half))
        angles = torch.cat([angles, angles], -1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, ids: Tensor, dtype: torch.dtype = torch.bfloat16) -> Tensor:
        """Hidden states (rows, tokens, width) of ids (rows, tokens).

        Dialogues that share a row do not see each other.
        """
        length = ids.shape[1]
        x = self.model.embed_tokens(ids).to(dtype)
        cos, sin = self.cos[:length].to(dtype), self.sin[:length].to(dtype)
        dialogue = (ids == BEGIN).cumsum(1)
        causal = torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
        sees = (dialogue[:, :, None] == dialogue[:, None, :]) & causal
        mask = torch.zeros(sees.shape, dtype=dtype, device=ids.device).masked_fill(~sees, float("-inf"))
        mask = mask.repeat_interleave(self.shape.heads, 0)
        for layer in self.model.layers:
            x = layer(x, cos, sin, mask)
        return _normed(x, self.model.norm.weight)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores (…, vocabulary) in fp32; the output matrix is the embedding."""
        return F.linear(hidden, self.model.embed_tokens.weight.to(hidden.dtype)).float()


class _Body(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.layers))
        self.norm = _Scale(shape.width)


class _Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = _Attention(shape)
        self.mlp = _Gated(shape)
        self.input_layernorm = _Scale(shape.width)
        self.post_attention_layernorm = _Scale(shape.width)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        x = x + self.self_attn(_normed(x, self.input_layernorm.weight), cos, sin, mask)
        added: Tensor = self.mlp(_normed(x, self.post_attention_layernorm.weight))
        return x + added


class _Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.q_proj = nn.Linear(shape.width, shape.width, bias=False)
        self.k_proj = nn.Linear(shape.width, shape.width, bias=False)
        self.v_proj = nn.Linear(shape.width, shape.width, bias=False)
        self.o_proj = nn.Linear(shape.width, shape.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        rows, length, width = x.shape
        weights = torch.cat([self.q_proj.weight, self.k_proj.weight, self.v_proj.weight]).to(x.dtype)
        joined = F.linear(x, weights).view(rows, length, 3, self.heads, width // self.heads)
        q, k, v = (part.transpose(1, 2) for part in joined.unbind(2))
        q, k = _rotated(q, cos, sin) * (width // self.heads) ** -0.5, _rotated(k, cos, sin)
        # Plain products: in bf16 on a CPU twice as fast as the fused kernel for rows of 128 to 256 tokens.
        scores = torch.baddbmm(mask, q.flatten(0, 1), k.flatten(0, 1).mT)
        mixed = (scores.softmax(-1) @ v.flatten(0, 1)).view(rows, self.heads, length, width // self.heads)
        return F.linear(mixed.transpose(1, 2).reshape(rows, length, width), self.o_proj.weight.to(x.dtype))


class _Gated(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.inner, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.inner, bias=False)
        self.down_proj = nn.Linear(shape.inner, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = F.linear(x, torch.cat([self.gate_proj.weight, self.up_proj.weight]).to(x.dtype)).chunk(2, -1)
        return F.linear(F.silu(gate) * up, self.down_proj.weight.to(x.dtype))


class _Scale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))


def _normed(x: Tensor, weight: Tensor) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],), weight.to(x.dtype), _EPSILON)


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin
