"""How an adapter was trained, as far as two trainings must agree in it to be draws of one kind."""

from __future__ import annotations

from typing import Any

from crossover.adapters.card import AdapterCard


def settings_of(card: AdapterCard) -> dict[str, Any]:
    """All that decides the weights, but for data and seed."""
    chosen = {name: value for name, value in card.hyperparameters.items() if name != "seed"}
    return chosen | {
        "method": card.method,
        "base_fingerprint": card.base_fingerprint,
        "chat_template": card.chat_template,
        "prompts": card.prompts,
        "parent": card.parent,
        "files": len(card.tasks) or 1,
        "weight": card.data.weight,
        "validation": card.validation.examples if card.validation else 0,
    }
