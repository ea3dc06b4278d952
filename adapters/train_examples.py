"""`crossover train` on files of examples: one training, or the best of several settings."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import typer

from crossover.adapters.data_options import keep_rejected, load
from crossover.adapters.examples import DataSet
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.training.options import Progress, TrainOptions, unused_by
from crossover.adapters.training.sources import OpenIndex
from crossover.adapters.training.tasks import Task, parse_task
from crossover.adapters.training_request import TrainingRequest

Report = Callable[[Progress], None]


def train_examples(
    request: TrainingRequest, tune: int | None, open_index: OpenIndex | None, progress: Report
) -> AdapterVersion:
    """A version trained on all the files; with `tune`, the best of so many settings.

    Raises:
        typer.Exit: rows are bad and not to be skipped, or no good one is left.
        ValueError: an option that would change nothing, `tune` without enough held-out examples, or see `lora.train`.
    """
    from crossover.adapters.training import lora
    from crossover.adapters.training.replay import kept_examples
    from crossover.adapters.training.validation import divided

    options, base, parent = request.options, request.base, request.parent
    unused = {*unused_by(options.method), "beta", *(() if open_index else ("closed",))}
    for option in sorted(request.given & unused):
        how = f"--method {options.method}" + ("" if open_index else " without --with-context")
        raise ValueError(f"--{option.replace('_', '-')} changes nothing with {how}: leave it out")
    wanted = [parse_task(file) for file in request.files]
    loaded = [load(file, request.form, skip_bad=request.skip_bad) for file, _ in wanted]
    tasks = [Task(data, weight) for (data, _), (_, weight) in zip(loaded, wanted, strict=True)]
    if open_index:
        # What a training goes on from is scaled already.
        options = options.for_context(request.given | ({"strength"} if parent else set()))
    options = options.suited(sum(task.weight * len(task.data.examples) for task in tasks), request.given)
    held_out = request.held_out
    if tune is not None and not (options.early_stopping and divided(held_out)[0]):
        raise ValueError("--tune judges by held-out examples: give 20 or more with --held-out (crossover data split)")
    known = [*held_out, *(example for task in tasks for example in task.data.examples)]
    # Other tasks are replayed where that was asked for, or where training goes on from an adapter.
    whole = options.replay and (parent or "replay" in request.given)
    others = kept_examples(request.registry, options.name, parent, base, known) if whole else []

    def trained(options: TrainOptions, into: Registry, progress: Report) -> AdapterVersion:
        return lora.train(
            tasks,
            options,
            base,
            into,
            open_index=open_index,
            held_out=held_out,
            parent=parent,
            others=others,
            progress=progress,
        )

    if tune is None:
        version = trained(options, request.registry, progress)
    else:
        sets = [*(task.data for task in tasks), DataSet("held out", held_out), DataSet("others", tuple(others))]
        subject = [base.fingerprint, options.prompts.digest, parent.digest if parent else ""]
        subject += [data.fingerprint for data in sets]
        suited = replace(request, options=options)
        version = _best_of(tune, trained, suited, " ".join(subject), progress, with_context=open_index is not None)
    for (_, rejected), (file, _) in zip(loaded, wanted, strict=True):
        keep_rejected(rejected, file)
    return version


def _best_of(
    trials: int,
    train: Callable[[TrainOptions, Registry, Report], AdapterVersion],
    request: TrainingRequest,
    subject: str,
    progress: Report,
    *,
    with_context: bool,
) -> AdapterVersion:
    """Tunes what was not given; a parent has a rank of its own, and only a training with context closed rows."""
    from crossover.adapters.training import tuning

    decided = set(request.given)
    if request.parent or "rank" not in request.options.hyperparameters():
        decided.add("rank")
    if not with_context:
        decided.add("closed")
    return tuning.search(
        train,
        request.options,
        request.registry,
        trials,
        subject=subject,
        fixed=decided & set(tuning.TUNED),
        words=sys.argv[1:],
        progress=progress,
        say=lambda text: typer.echo(text, err=True),
    )
