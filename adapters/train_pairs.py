"""`crossover train PAIRS --method dpo`: a file of preference pairs in, a registered adapter version out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.adapters.data_options import keep_rejected, stop, tell_warnings
from crossover.adapters.training_request import TrainingRequest

if TYPE_CHECKING:
    from crossover.adapters.preferences.pair import PairSet
    from crossover.adapters.registry import AdapterVersion
    from crossover.adapters.training.options import Progress

_TAKEN = ("name", "rank", "alpha", "batch", "seed", "prompts", "template_kwargs", "command", "device")
_OWN_DEFAULTS = ("epochs", "learning_rate")
_UNFIT = ("with_context", "replay", "tune", "rslora", "strength", "closed", "virtual_tokens")


def train_pairs(request: TrainingRequest, beta: float, progress: Callable[[Progress], None]) -> AdapterVersion:
    """The version that preference training makes of a file of pairs.

    Raises:
        typer.Exit: rows are bad and not to be skipped, or no good one is left.
        ValueError: several files, an option that does not go with pairs, or see `dpo.train`.
    """
    from crossover.adapters.training import dpo
    from crossover.adapters.training.dpo_options import DpoOptions

    if unfit := next((name for name in _UNFIT if name in request.given), None):
        raise ValueError(f"--{unfit.replace('_', '-')} is for examples: pairs are trained on as they are")
    if request.parent and "rank" in request.given:
        raise ValueError(f"--rank: the matrices of {request.parent.served_name} have theirs; leave it out")
    if len(request.files) > 1:
        raise ValueError("--method dpo takes one file of pairs")
    names = (*_TAKEN, *(name for name in _OWN_DEFAULTS if name in request.given))
    options = DpoOptions(**{name: getattr(request.options, name) for name in names}, beta=beta)
    pairs = _read(Path(request.files[0]), skip_bad=request.skip_bad)
    return dpo.train(
        pairs,
        options,
        request.base,
        request.registry,
        parent=request.parent,
        held_out=request.held_out,
        progress=progress,
    )


def _read(file: Path, *, skip_bad: bool) -> PairSet:
    from crossover.adapters.preferences.reading import read_pairs

    reading = read_pairs(file)
    if reading.rejected and not (skip_bad and reading.pairs):
        stop([row.error for row in reading.rejected])
    tell_warnings(reading.warnings)
    keep_rejected(reading.rejected, file)
    return reading.pair_set
