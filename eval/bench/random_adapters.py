"""LoRA adapters and virtual tokens of random weights: no training, and answers clearly unlike the base model's."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from crossover.adapters.base_model import BaseModel
from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.training.finish import save_adapter


def random_adapter(base: BaseModel, folder: Path, seed: int, *, rank: int = 16, strength: float = 2.0) -> Path:
    """`folder`, with a PEFT adapter on all linear layers whose A and B are both random.

    Args:
        strength: scales B, and with it how far the answers are from the base model's.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"
    )
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32), config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".lora_B." in name:
                weight *= strength
    save_adapter(model, base, folder)
    return folder


def random_virtual_tokens(base: BaseModel, folder: Path, seed: int, *, tokens: int = 32, strength: float = 3.0) -> Path:
    """`folder`, with a PEFT adapter of random virtual tokens, as P-tuning leaves them.

    Args:
        strength: how long they are; 1 is as long as the base model's own embeddings.
    """
    import torch
    from peft import PromptEncoderConfig, get_peft_model
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(seed)
    own = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    length = own.get_input_embeddings().weight.std()
    model = get_peft_model(own, PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=tokens))
    encoder = model.prompt_encoder["default"]
    with torch.no_grad():
        last = encoder.mlp_head[-1]
        last.weight *= strength * length / encoder(torch.arange(tokens)).std()
        last.bias.zero_()
    model.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
    return folder


def register(registry: Registry, base: BaseModel, name: str, folder: Path) -> AdapterVersion:
    """The adapter in `folder` as a version of `name`; the folder stays."""
    copy = registry.folder / f".new-{name}-{folder.name}"
    shutil.copytree(folder, copy)
    card = AdapterCard(
        name=name,
        base_model=base.name,
        base_fingerprint=base.fingerprint,
        chat_template="",
        prompts="",
        method="random",
        data=DataCard(name="none", fingerprint="", examples=0),
        trained_at=datetime.now(UTC),
    )
    return registry.add(copy, card)
