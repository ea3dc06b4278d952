"""How an adapter was trained, as far as two trainings must agree in it to be draws of one kind."""

from __future__ import annotations

from typing import Any

from crossover.adapters.card import AdapterCard


def settings_of(card: AdapterCard) -> dict[str, Any]:
    """Method, base model, prompts and all that decides the weights, but for data and seed."""
    chosen = {name: value for name, value in card.hyperparameters.items() if name != "seed"}
    return {"method": card.method, "base_fingerprint": card.base_fingerprint, "prompts": card.prompts, **chosen}
