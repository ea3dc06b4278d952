"""What a training begins with: how long a row may be, and the adapter that it goes on from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crossover.adapters.base_model import BaseModel

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def longest_row(base: BaseModel) -> int:
    """The longest row, in tokens: where the model was measured, or else its own limit."""
    from transformers import AutoConfig

    return base.max_model_len or int(AutoConfig.from_pretrained(base.path).max_position_embeddings)


def load_parent(model: PreTrainedModel, parent: Path, base: BaseModel) -> PeftModel:
    """A base model with the adapter in the folder `parent` on it, to be trained on."""
    from peft import PeftConfig, PeftModel

    config = PeftConfig.from_pretrained(str(parent))
    config.base_model_name_or_path = base.path  # by the name that stands there PEFT would ask the hub for it
    return PeftModel.from_pretrained(model, str(parent), config=config, is_trainable=True)
