"""Training speed: our trainer beside TRL's SFTTrainer, to equal validation loss, in one run.

    python -m crossover.eval.bench.train                writes build/bench/train.json

The same rows (a made-up company's examples with passages, each epoch's drawn anew), base model, LoRA, learning rate
and number of samples for all; everything else is each trainer's own: ours as `crossover train` has it, TRL's defaults,
and TRL with the flags that were fastest in a sweep at the beginning. TRL gets its rows drawn and tokenised beforehand;
ours draws them while the clock runs.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from crossover.eval.bench import record
from crossover.eval.bench.contestants import Course, Flags, Material, Ours, Peer, Precision
from crossover.eval.bench.training_data import read_training_data, write_training_data

_OURS, _DEFAULTS, _BEST = "ours", "TRL's defaults", "TRL's best flags"
_FINALISTS, _TRIALS = 3, 3


def sweep(material: Material, rows: int) -> tuple[Flags, list[dict[str, Any]]]:
    """TRL's fastest flags on a sample of rows, and the samples/s of all that were tried."""
    precisions: tuple[Precision, ...] = ("bf16", "bf16 weights", "float32")
    grid = [
        Flags(batch=batch, packing=packing, checkpointing=checkpointing, precision=precision)
        for batch, packing, checkpointing, precision in itertools.product(
            (4, 8, 16, 32), (False, True), (False, True), precisions
        )
    ]
    speeds = {
        flags: [Peer(flags).run(material, rows).speed]
        for flags in track(grid, "TRL's flags", console=Console(stderr=True))
    }
    finalists = sorted(grid, key=lambda flags: -speeds[flags][0])[:_FINALISTS]
    for _, flags in itertools.product(range(_TRIALS), finalists):
        speeds[flags].append(Peer(flags).run(material, 2 * rows).speed)
    best = max(finalists, key=lambda flags: statistics.median(speeds[flags][1:]))
    ranked = sorted(speeds.items(), key=lambda item: -statistics.median(item[1]))
    return best, [{"flags": str(flags), "samples_per_second": [round(v, 1) for v in tried]} for flags, tried in ranked]


def summary(courses: dict[str, list[Course]]) -> dict[str, Any]:
    """Each contestant's speed, and what it took to the loss that all of them reached, with ours over theirs."""
    target = max(min(loss for _, _, loss in course.losses[1:]) for each in courses.values() for course in each)
    told: dict[str, Any] = {"target_validation_loss": round(target, 4)}
    for name, each in courses.items():
        told[f"{name}: samples/s"] = record.spread([course.speed for course in each], 2)
        reached = [course.reached(target) for course in each]
        told[f"{name}: seconds to equal loss"] = record.spread([seconds for _, seconds in reached], 1)
        told[f"{name}: samples to equal loss"] = record.spread([samples for samples, _ in reached], 0)
        told[f"{name}: last validation loss"] = record.spread([course.losses[-1][2] for course in each], 4)
    for name in (_DEFAULTS, _BEST):
        pairs = list(zip(courses[_OURS], courses[name], strict=True))
        told[f"ours / {name}, samples/s"] = record.spread([ours.speed / theirs.speed for ours, theirs in pairs])
        told[f"ours / {name}, speed to equal loss"] = record.spread(
            [theirs.reached(target)[1] / ours.reached(target)[1] for ours, theirs in pairs]
        )
    return told


def run(rounds: int, epochs: int, examples: int | None, sample: int, threads: int) -> dict[str, Any]:
    """The figures of `rounds` interleaved rounds."""
    import torch

    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory(prefix="crossover-bench-") as folder:
        file = Path(folder) / "data.json"
        write_training_data(file, 41, examples)
        material = Material.of(read_training_data(file), epochs)
        best, tried = sweep(material, sample)
        contestants: dict[str, Ours | Peer] = {_OURS: Ours(), _DEFAULTS: Peer(Flags()), _BEST: Peer(best)}
        courses: dict[str, list[Course]] = {name: [] for name in contestants}
        for n in track(range(rounds), "rounds", console=Console(stderr=True)):
            names: Sequence[str] = list(contestants)[:: -1 if n % 2 else 1]
            for name in names:
                courses[name].append(contestants[name].run(material))
    return {"best_flags": str(best), **summary(courses), "sweep": tried}


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each training.")] = 6,
    examples: Annotated[int | None, typer.Option(min=10, help="Examples; left out: all of the world's.")] = None,
    sample: Annotated[int, typer.Option(min=32, help="Rows for each combination of flags in the sweep.")] = 128,
    threads: Annotated[int, typer.Option(min=1, help="Threads of every trainer.")] = 2,
) -> None:
    """Measure our trainer against TRL's, with its defaults and with its best flags.

    Example: python -m crossover.eval.bench.train --rounds 5
    """
    figures = run(rounds, epochs, examples, sample, threads)
    path = record.write("bench", "train", {"rounds": rounds, "epochs": epochs, "threads": threads, **figures})
    console = Console()
    console.print(record.table(f"{rounds} rounds; TRL's best: {figures['best_flags']}", figures))
    console.print(f"validation loss that all reached: {figures['target_validation_loss']}")
    console.print(str(path))


if __name__ == "__main__":
    typer.run(main)
