"""Whole models, as full fine-tuning leaves them: kept beside the adapters, never swapped into a running vLLM."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from crossover.adapters.servable import NotServable

CONFIG = "config.json"


def check_whole(folder: Path) -> dict[str, Any]:
    """The configuration of the model in a folder that a vLLM can be started with.

    Raises:
        NotServable: no configuration, weights as safetensors or tokenizer.
    """
    if not (folder / CONFIG).is_file() or not list(folder.glob("*.safetensors")):
        raise NotServable(f"{folder}: no whole model; expected {CONFIG} and safetensors")
    if not list(folder.glob("tokenizer*")):
        raise NotServable(f"{folder}: no tokenizer beside the model")
    return dict(json.loads((folder / CONFIG).read_text(encoding="utf-8")))


def not_swapped(served_name: str, folder: Path) -> NotServable:
    """Why a whole model is not promoted, and what serves it."""
    return NotServable(
        f"{served_name} is a whole model, which no running vLLM can swap in; serve it by a vLLM of its own: "
        f"{serving_command(folder)}"
    )


def serving_command(folder: Path) -> str:
    """The command that serves a whole model, on a home of its own: that server's `base` answers with it."""
    folder = folder.resolve()
    home = f"{folder.parents[2]}-{folder.name}"
    model = shlex.quote(str(folder))
    return f"CROSSOVER_HOME={shlex.quote(home)} CROSSOVER_BASE_MODEL={model} crossover serve --port 8001"
