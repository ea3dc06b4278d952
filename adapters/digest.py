"""Of weights on disk: the digest that names a version, equal for equal weights and configuration, and their size."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from crossover.adapters.servable import CONFIG


def seal(folder: Path, config: dict[str, Any], file: str = CONFIG) -> str:
    """The first 12 hex digits of a SHA-256 over the configuration and the weights.

    The configuration is written anew, sorted: PEFT keeps target_modules as a set, in an order of the day.
    """
    if isinstance(config.get("target_modules"), list):
        config["target_modules"] = sorted(config["target_modules"])
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    (folder / file).write_text(text, encoding="utf-8")
    digest = hashlib.sha256(text.encode())
    for weights in sorted(folder.glob("*.safetensors")):
        with weights.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def weight_bytes(folder: Path) -> int:
    """What the weights of an adapter or a model in that folder take on disk."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
