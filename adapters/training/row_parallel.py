"""A batch's rows forward and backward side by side, each part on threads of its own.

The operations of a small model are too small to share one between the cores: two threads compute a step only 1.4 times
as fast as one. Rows do not need each other until their gradients are added, so each thread takes some of them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn

Inputs = dict[str, Tensor]


class RowParallel:
    """Gradients of a batch, added up in the order of its parts: equal runs give equal sums.

    Args:
        parameters: what is trained.
        threads: all that there are; a part gets its share of them.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], threads: int) -> None:
        self._parameters, self._threads = parameters, threads

    def backward(self, loss_of: Callable[[Inputs], Tensor], inputs: Inputs) -> Tensor:
        """The loss of a batch; its gradients are added to those of the parameters.

        Args:
            loss_of: the loss of some rows; those of all parts add up to that of the batch.
            inputs: tensors with one row an example.
        """
        rows = next(iter(inputs.values())).shape[0]
        parts = min(self._threads, rows)

        def work(part: int) -> tuple[Tensor, Sequence[Tensor | None]]:
            # Every other row, so that the parts are alike where rows are sorted by length.
            loss = loss_of({name: value[part::parts] for name, value in inputs.items()})
            return loss.detach(), torch.autograd.grad(loss, self._parameters, allow_unused=True)

        share = self._threads // parts
        with ThreadPoolExecutor(parts, "rows", torch.set_num_threads, (share,)) as pool:
            done = list(pool.map(work, range(parts)))
        for _, gradients in done:
            for parameter, gradient in zip(self._parameters, gradients, strict=True):
                if gradient is not None:
                    parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
        return torch.stack([loss for loss, _ in done]).sum()


def independent(model: Any) -> bool:
    """Whether a row's loss depends on nothing that threads would share, such as the state of a random generator."""
    dropouts = [module.p for module in model.modules() if isinstance(module, nn.Dropout)]
    rates = [value for name, value in model.config.to_dict().items() if "drop" in name and isinstance(value, float)]
    return not any([*dropouts, *rates])
