"""Whether an adapter is asked here as it was trained."""

from __future__ import annotations

from crossover.adapters.base_model import BaseModel
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.prompt import Prompts
from crossover.adapters.registry import AdapterVersion


def differences(version: AdapterVersion, base: BaseModel, tokenizer: ChatTokenizer, prompts: Prompts) -> list[str]:
    """One sentence for each thing that differs from the adapter's training; none is as it should be."""
    card = version.card
    found = []
    if card.base_fingerprint != base.fingerprint:
        found.append(
            f"{version.served_name} was trained on {card.base_model} ({card.base_fingerprint}), not on {base.name} "
            f"({base.fingerprint}): train it again, or set CROSSOVER_BASE_MODEL"
        )
    if card.prompts and card.prompts != prompts.digest:  # of an imported one they are unknown
        found.append(
            f"{version.served_name} was trained under other system messages ({card.prompts}, now {prompts.digest}): "
            "train it again, or set CROSSOVER_PROMPT_CLOSED, _RAG and _HYBRID back"
        )
    if card.chat_template and card.chat_template != tokenizer.digest:
        found.append(f"{version.served_name} was trained under another chat template: train it again")
    return found
