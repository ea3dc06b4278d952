"""`crossover train PAIRS --method dpo`: a file of preference pairs in, a registered adapter version out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from crossover.adapters.data_options import keep_rejected, stop, tell_warnings

if TYPE_CHECKING:
    from crossover.adapters.base_model import BaseModel
    from crossover.adapters.examples import Example
    from crossover.adapters.preferences.pair import PairSet
    from crossover.adapters.registry import AdapterVersion, Registry
    from crossover.adapters.training.options import Progress, TrainOptions

_ALWAYS = ("name", "rank", "batch", "seed", "prompts", "template_kwargs", "command")
_OWN_DEFAULTS = ("epochs", "learning_rate")
_UNFIT = ("with_context", "replay", "tune", "rslora", "closed")


def train_pairs(
    ctx: typer.Context,
    file: Path,
    options: TrainOptions,
    base: BaseModel,
    registry: Registry,
    held_out: Sequence[Example],
    progress: Callable[[Progress], None],
) -> AdapterVersion:
    """The version that the `train` command of `ctx` makes of a file of pairs.

    Raises:
        typer.Exit: rows are bad and not to be skipped, or no good one is left.
        ValueError: an option does not go with pairs, or see `dpo.train`.
    """
    from crossover.adapters.training import dpo
    from crossover.adapters.training.dpo_options import DpoOptions

    if unfit := next((name for name in _UNFIT if _given(ctx, name)), None):
        raise ValueError(f"--{unfit.replace('_', '-')} is for examples: pairs are trained on as they are")
    reference = ctx.params["continue_from"]
    parent = registry.resolve(reference) if reference else None
    if parent and _given(ctx, "rank"):
        raise ValueError(f"--rank: the matrices of {parent.served_name} have theirs; leave it out")
    taken = {name: getattr(options, name) for name in (*_ALWAYS, *(n for n in _OWN_DEFAULTS if _given(ctx, n)))}
    pairs = _read(file, skip_bad=ctx.params["skip_bad"])
    chosen = DpoOptions(**taken, beta=ctx.params["beta"])
    return dpo.train(pairs, chosen, base, registry, parent=parent, held_out=held_out, progress=progress)


def _given(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _read(file: Path, *, skip_bad: bool) -> PairSet:
    from crossover.adapters.preferences.reading import read_pairs

    reading = read_pairs(file)
    if reading.rejected and not (skip_bad and reading.pairs):
        stop([row.error for row in reading.rejected])
    tell_warnings(reading.warnings)
    keep_rejected(reading.rejected, file)
    return reading.pair_set
