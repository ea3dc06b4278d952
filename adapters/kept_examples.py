"""The examples beside an adapter's weights: those it learnt from, and those of its task held out for the gate."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from crossover.adapters.examples import Example

TRAINING_FILE = "train.jsonl"
HELD_OUT_FILE = "held-out.jsonl"


def write_kept(folder: Path, training: Sequence[Example], held_out: Sequence[Example]) -> None:
    """Puts both into the folder of a version that is being made."""
    for name, examples in ((TRAINING_FILE, training), (HELD_OUT_FILE, held_out)):
        if examples:
            (folder / name).write_text("".join(each.to_json() + "\n" for each in examples), encoding="utf-8")


def read_kept(file: Path) -> list[Example]:
    """The examples in one of the two files, in order; empty where it is not there."""
    from crossover.adapters.formats.detect import read

    return list(read(file, mixed=True).examples) if file.is_file() and file.stat().st_size else []


def hand_on_held_out(fresh: Path, present: Path) -> None:
    """Gives a version that is there already what the same training, done again, holds out and it had not."""
    if (fresh / HELD_OUT_FILE).is_file() and not (present / HELD_OUT_FILE).is_file():
        shutil.move(fresh / HELD_OUT_FILE, present / HELD_OUT_FILE)
