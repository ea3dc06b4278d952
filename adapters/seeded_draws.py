"""Seeds where vLLM runs on the CPU: a draw that was made too early is taken back, and the engine lives.

In each step vLLM draws a token for every row, also for a prompt of which the step holds only a part, and takes that
draw back by moving the offset of the request's generator. A CPU's generator has no offset: vLLM 0.32 raises there, and
a single request with a seed, beside enough others, ends the engine for all (gpu_model_runner.py, `_bookkeeping_sync`).
Here the generator gets back the state that it had before the draw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def take_back_by_state(runner: type[Any]) -> None:
    """Let a class of vLLM model runners take draws back by the generators' states; safe to call more than once."""
    if getattr(runner, "takes_back_by_state", False):
        return
    runner._sample = _sampling(runner._sample)
    runner._bookkeeping_sync = _bookkeeping(runner._bookkeeping_sync)
    runner.takes_back_by_state = True


def _sampling(stock: Callable[..., Any]) -> Callable[..., Any]:
    def sample(runner: Any, *arguments: Any, **options: Any) -> Any:
        states = [(generator, generator.get_state()) for generator in _early(runner).values()]
        drawn = stock(runner, *arguments, **options)
        for generator, state in states:
            generator.set_state(state)
        return drawn

    return sample


def _bookkeeping(stock: Callable[..., Any]) -> Callable[..., Any]:
    def bookkeeping(runner: Any, *arguments: Any, **options: Any) -> Any:
        early, generators = _early(runner), runner.input_batch.generators
        for row in early:
            del generators[row]  # or vLLM would move its offset
        try:
            return stock(runner, *arguments, **options)
        finally:
            generators.update(early)

    return bookkeeping


def _early(runner: Any) -> dict[int, Any]:
    """The generators of the rows whose prompt goes on in the next step, by row."""
    going_on = runner.discard_request_mask.np
    return {row: generator for row, generator in runner.input_batch.generators.items() if going_on[row]}
