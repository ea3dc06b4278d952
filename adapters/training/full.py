"""Full fine-tuning: every weight of the base model is trained, and what comes out is a whole model."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedModel

from crossover.adapters.base_model import BaseModel


def save_model(model: PreTrainedModel, base: BaseModel, folder: Path) -> None:
    """Writes model, tokenizer and chat template as vLLM reads them, in the precision of the base model."""
    precision = AutoConfig.from_pretrained(base.path).dtype
    model.to(precision or torch.bfloat16).save_pretrained(folder)
    AutoTokenizer.from_pretrained(base.path).save_pretrained(folder)
