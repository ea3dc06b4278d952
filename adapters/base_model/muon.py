"""Muon: momentum, orthogonalised (Keller Jordan, https://kellerjordan.github.io/posts/muon)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def newton_schulz(gradients: Tensor, steps: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrices, in bf16, of a batch (n, rows, columns) with rows <= columns."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x: Tensor = gradients.bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x


class Muon(torch.optim.Optimizer):
    """For hidden matrices alone; matrices of one shape are orthogonalised in one batch."""

    def __init__(
        self, params: Iterable[Tensor], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.01
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update from the parameters' gradients; `closure` is not used."""
        for group in self.param_groups:
            by_shape: dict[tuple[int, ...], list[tuple[Tensor, Tensor, bool]]] = defaultdict(list)
            for parameter in group["params"]:
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(state["momentum"], group["momentum"])
                tall = parameter.shape[0] > parameter.shape[1]
                by_shape[tuple(sorted(parameter.shape))].append((parameter, update.mT if tall else update, tall))
            for items in by_shape.values():
                orthogonal = newton_schulz(torch.stack([update for _, update, _ in items]))
                for (parameter, _, tall), update in zip(items, orthogonal, strict=True):
                    update = (update.mT if tall else update).to(parameter.dtype)
                    rate = group["lr"] * max(1, parameter.shape[0] / parameter.shape[1]) ** 0.5
                    parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-rate)
