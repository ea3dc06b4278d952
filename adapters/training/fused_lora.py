"""A linear layer and its LoRA as one operation: PEFT's own sum with fewer passes over memory.

PEFT computes ``W x + (B A x) * s`` as six operations, each on a tensor as wide as the layer or its input, and autograd
goes back through all of them. A small model on a CPU spends more time on these passes than on the products. Here the
scale stands in B, which is narrow, the sum happens inside the product (addmm), and the way back is written out.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from peft.tuners.lora.layer import Linear
from torch import Tensor, nn


def fuse_lora(model: nn.Module) -> int:
    """How many layers of `model` compute in one operation from now on; what is no plain LoRA stays as it is."""
    layers = [module for module in model.modules() if type(module) is Linear and _plain(module)]
    for layer in layers:
        layer.forward = partial(_forward, layer, layer.forward)
    return len(layers)


def _plain(layer: Linear) -> bool:
    """One adapter on an ordinary frozen matrix, without dropout and variants such as DoRA."""
    (name,) = names if len(names := list(layer.lora_A)) == 1 else ("",)
    return (
        bool(name)
        and type(layer.base_layer) is nn.Linear
        and not layer.base_layer.weight.requires_grad
        and type(layer.lora_dropout[name]) is nn.Identity
        and name not in layer.lora_variant
        and layer.lora_B[name].bias is None
    )


def _forward(layer: Linear, ordinary: Any, x: Tensor, *arguments: Any, **options: Any) -> Tensor:
    """What the layer gives; in every other state than training, such as switched off, by its own way."""
    if arguments or options or layer.disable_adapters or layer.merged or not torch.is_grad_enabled():
        return ordinary(x, *arguments, **options)  # type: ignore[no-any-return]
    (name,) = layer.lora_A
    kind = x.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
    return _Product.apply(  # type: ignore[no-any-return, no-untyped-call]
        x.to(dtype),
        layer.base_layer.weight.to(dtype),
        layer.base_layer.bias,
        layer.lora_A[name].weight,
        layer.lora_B[name].weight,
        layer.scaling[name],
    )


class _Product(torch.autograd.Function):
    """``x W' + bias + (x A') (s B)'`` in the type of x; A and B may be of another one, and so are their gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float) -> Tensor:
        """The product.

        Args:
            ctx: keeps what the way back needs.
            x: (…, in).
            weight: (out, in), frozen.
            bias: (out), frozen.
            a: (rank, in).
            b: (out, rank).
            scale: of B A.
        """
        with torch.autocast(x.device.type, enabled=False):
            flat = x.reshape(-1, x.shape[-1])
            narrow_a, narrow_b = a.to(x.dtype), (b * scale).to(x.dtype)
            inner = flat @ narrow_a.T
            out = flat @ weight.T if bias is None else torch.addmm(bias.to(x.dtype), flat, weight.T)
            out.addmm_(inner, narrow_b.T)
        ctx.save_for_backward(flat, inner, weight, narrow_a, narrow_b)
        ctx.scale, ctx.dtypes = scale, (a.dtype, b.dtype)
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of x, A and B."""
        flat, inner, weight, narrow_a, narrow_b = ctx.saved_tensors
        (gradient,) = gradients
        wide = gradient.reshape(-1, gradient.shape[-1])
        back = wide @ narrow_b
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = (wide @ weight).addmm_(back, narrow_a).view(*gradient.shape[:-1], -1)
        of_a = (back.T @ flat).to(ctx.dtypes[0])
        of_b = (wide.T @ inner).to(ctx.dtypes[1]).mul_(ctx.scale)
        return of_x, None, None, of_a, of_b, None
