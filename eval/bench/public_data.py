"""The folder of the public data sets that some benchmarks and proofs are made on."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """The folder that BENCH_DATA names; `../shared/data` beside the repository without it."""
    return Path(os.environ.get("BENCH_DATA", "../shared/data"))


def present(path: Path) -> Path:
    """The path itself.

    Raises:
        ValueError: nothing is there.
    """
    if not path.exists():
        raise ValueError(f"{path}: no such file; BENCH_DATA names the folder of the public data sets")
    return path
