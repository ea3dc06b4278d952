"""What P-tuning leaves behind: virtual tokens, whose embeddings stand in front of those of every prompt.

Source: Liu et al., "GPT Understands, Too" (2021), in PEFT's form: the encoder that made them in training is gone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.adapters.servable import VIRTUAL_TOKENS, WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor


def read_virtual_tokens(folder: Path) -> Tensor:
    """The embeddings (virtual tokens, width) of an adapter.

    Raises:
        OSError, SafetensorError: the file is missing or broken.
    """
    from safetensors import safe_open

    with safe_open(str(folder / WEIGHTS), framework="pt") as weights:
        tokens: Tensor = weights.get_tensor(VIRTUAL_TOKENS)
    return tokens


class InputEmbeddings:
    """The input embeddings of a model, read from its safetensors alone.

    Args:
        model: a folder or a hub id.

    Raises:
        LookupError: its weights hold no input embeddings under the name that its configuration gives them.
        OSError: they are not here.
    """

    def __init__(self, model: str) -> None:
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        with torch.device("meta"):
            empty = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(model))
        layer = empty.get_input_embeddings()
        name = next(name for name, module in empty.named_modules() if module is layer)
        self._matrix = _tensor(model, f"{name}.weight")  # (vocabulary, width), its pages read when they are needed
        # Some architectures (Gemma) scale what they look up, but not what they are given.
        self._scale: float = getattr(layer, "scalar_embed_scale", 1.0)

    @property
    def width(self) -> int:
        """Of one token's embedding."""
        return int(self._matrix.shape[1])

    def of(self, ids: Sequence[int]) -> Tensor:
        """The embeddings (ids, width) of token ids, as the model's own layer looks them up."""
        import torch

        rows = self._matrix[torch.tensor(ids, dtype=torch.long)]
        return rows if self._scale == 1.0 else rows * torch.tensor(self._scale, dtype=rows.dtype)


def _tensor(model: str, name: str) -> Tensor:
    from safetensors import safe_open
    from transformers.utils import cached_file

    index = cached_file(model, "model.safetensors.index.json", _raise_exceptions_for_missing_entries=False)
    files = {"": "model.safetensors"}
    if index is not None:
        files = json.loads(Path(index).read_text(encoding="utf-8"))["weight_map"]
    # Checkpoints may leave out the first part of a name, or have one more in front.
    ending = ".".join(name.split(".")[-2:])
    for shard in {file for key, file in files.items() if not key or key.endswith(ending)}:
        with safe_open(str(cached_file(model, shard)), framework="pt") as weights:
            found = [key for key in weights.keys() if key == name or key.endswith(ending)]  # noqa: SIM118
            if found:
                matrix: Tensor = weights.get_tensor(name if name in found else found[0])
                return matrix
    raise LookupError(f"{model}: no {name} in its safetensors, which P-tuned adapters need to be served")
