"""The ways to answer a question: one table, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AUTO = "auto"
ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True)
class Strategy:
    """What goes into a prompt, and which weights read it.

    Attributes:
        examples: the setting that says how many training examples the prompt shows; "" where none.
        passages: whether retrieved passages stand in the prompt.
        adapter: whether an adapter answers instead of the base model.
        prompt: which of the system messages it is asked with.
    """

    name: str
    prompt: Literal["closed", "rag", "hybrid"]
    examples: Literal["", "few_shot", "rag_examples"] = ""
    passages: bool = False
    adapter: bool = False


STRATEGIES: dict[str, Strategy] = {
    row.name: row
    for row in (
        Strategy("base", prompt="closed"),
        Strategy("few-shot", prompt="closed", examples="few_shot"),
        Strategy("rag", prompt="rag", examples="rag_examples", passages=True),
        Strategy("finetune", prompt="closed", adapter=True),
        Strategy("hybrid", prompt="hybrid", passages=True, adapter=True),
    )
}

ABSTAINING = Strategy(ABSTAIN, prompt="closed")
"""What the router does where nothing is likely to be right: it says "I don't know" and asks no model."""

NAMES = (*STRATEGIES, AUTO)
"""Every name that a `model` field may begin with."""
