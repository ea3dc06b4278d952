"""What a training ends with: the adapter's files, and what its card says whatever the method."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.adapters.base_model import BaseModel
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.registry import AdapterVersion
from crossover.adapters.servable import CONFIG, WEIGHTS
from crossover.adapters.training.options import TrainOptions

if TYPE_CHECKING:
    from peft import PeftModel


class Stopwatch:
    """Measures a training from here on."""

    def __init__(self) -> None:
        self._wall, self._device = time.perf_counter(), time.process_time()

    def seconds(self) -> dict[str, Any]:
        """As the card names them: on the clock, and of the cores."""
        wall, device = time.perf_counter() - self._wall, time.process_time() - self._device
        return {"wall_seconds": round(wall, 1), "device_seconds": round(device, 1)}


def save_adapter(model: PeftModel, base: BaseModel, folder: Path, strength: float = 1.0) -> None:
    """Write the trained adapter as vLLM and PEFT read it, and nothing else; LoRA's weights in bfloat16.

    What is gated is what is written here, and half the bytes are half of what serving reads in every step.

    Args:
        strength: what LoRA's second matrices, and with them all that it does, are scaled by.
    """
    trained = {name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad}
    rounded = {name: (weight * (strength if ".lora_B." in name else 1)).bfloat16() for name, weight in trained.items()}
    # DPO's model has a frozen copy of its parent, too. Left to "auto", PEFT would ask the hub for the vocabulary.
    model.save_pretrained(str(folder), selected_adapters=["default"], save_embedding_layers=False, state_dict=rounded)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base.name  # the path on this machine would make equal adapters differ
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    for extra in folder.iterdir():
        if extra.name not in (CONFIG, WEIGHTS):
            extra.unlink()


def origin(
    options: TrainOptions, base: BaseModel, tokenizer: ChatTokenizer, parent: AdapterVersion | None, model: PeftModel
) -> dict[str, Any]:
    """The fields of an AdapterCard that say what the adapter was made of, where and when."""
    return {
        "name": options.name,
        "base_model": base.name,
        "base_fingerprint": base.fingerprint,
        "chat_template": tokenizer.digest,
        "prompts": options.prompts.digest,
        "command": options.command,
        "parent": parent.served_name if parent else None,
        "trained_at": datetime.now(UTC),
        "device": str(next(model.parameters()).device),
    }
