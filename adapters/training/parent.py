"""Sequential training: what an adapter must have in common with the one it goes on from."""

from __future__ import annotations

from typing import Any

from crossover.adapters.base_model import BaseModel
from crossover.adapters.card import FULL, P_TUNING
from crossover.adapters.registry import AdapterVersion
from crossover.adapters.servable import check_servable
from crossover.adapters.training.options import TrainOptions


def like(parent: AdapterVersion) -> dict[str, Any]:
    """The options that its weights decide: rank, alpha and rslora.

    Raises:
        ValueError: it is no LoRA adapter.
    """
    if parent.card.method == FULL or parent.virtual_tokens:
        raise ValueError(
            f"--continue-from {parent.served_name}: {parent.card.method}; only LoRA adapters are gone on from"
        )
    config = check_servable(parent.path)
    return {"rank": config["r"], "alpha": config["lora_alpha"], "rslora": bool(config.get("use_rslora"))}


def check_parent(parent: AdapterVersion, options: TrainOptions, base: BaseModel, template: str) -> None:
    """Nothing, when training can go on from a version: same base model, chat template, prompts and matrices.

    Raises:
        ValueError: it cannot, with the reason and what to do.
    """
    card, name = parent.card, parent.served_name
    if options.method in (FULL, P_TUNING):
        raise ValueError(f"--continue-from {name}: --method {options.method} goes on from no adapter")
    anew = "or train without --continue-from"
    if card.base_fingerprint != base.fingerprint:
        raise ValueError(
            f"--continue-from {name}: it was trained on {card.base_model} ({card.base_fingerprint}), but the base "
            f"model here is {base.name} ({base.fingerprint}); set CROSSOVER_BASE_MODEL to the former, {anew}"
        )
    if card.chat_template not in ("", template):
        raise ValueError(
            f"--continue-from {name}: it was trained under the chat template {card.chat_template}, which here is "
            f"{template}; set CROSSOVER_CHAT_TEMPLATE_KWARGS as it was then, {anew}"
        )
    if card.prompts not in ("", options.prompts.digest):
        raise ValueError(
            f"--continue-from {name}: it was trained under other system messages ({card.prompts}, here "
            f"{options.prompts.digest}); set CROSSOVER_PROMPT_CLOSED, _RAG and _HYBRID as they were then, {anew}"
        )
    for option, theirs in like(parent).items():
        ours = options.lora_alpha if option == "alpha" else getattr(options, option)
        if ours != theirs:
            raise ValueError(
                f"--continue-from {name}: its {option} is {theirs}, not {ours}; leave out --{option}, {anew}"
            )
