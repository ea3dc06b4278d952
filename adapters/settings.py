"""What training and serving adapters need to know: one pydantic model that the server's settings inherit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from crossover.adapters.prompt import Prompts

_PROMPTS = Prompts()


class AdapterSettings(BaseModel):
    """Settings of the base model, its adapters and the prompts that both are asked with."""

    home: Path = Field(default=Path(".crossover"), description="Folder of all state: index, adapters, runs, reports.")
    base_model: str | None = Field(
        default=None,
        description="Base model: a Hugging Face id or a local folder; unset: the built-in tiny reader.",
    )
    chat_template_kwargs: dict[str, Any] = Field(
        default_factory=dict,
        description='Variables for the model\'s chat template, as JSON: {"enable_thinking": true}.',
    )
    max_loras: int = Field(
        default=4,
        ge=1,
        description="Adapters that vLLM holds at once (its --max-loras); of more, the least recently used one leaves.",
    )
    pinned_adapters: str = Field(
        default="", description="Adapters that never leave vLLM for others, separated by commas."
    )
    max_lora_rank: int = Field(default=32, ge=1, description="Largest LoRA rank that vLLM serves and training accepts.")
    default_adapter: str | None = Field(
        default=None, description="Adapter that `finetune` and `hybrid` mean when several are promoted."
    )
    gate_margin: float = Field(
        default=0.05, ge=0, le=1, description="Loss, as a share of 1, that the gate accepts of a new adapter version."
    )
    gate_examples: int = Field(default=100, ge=10, description="Held-out examples that the gate asks at most.")
    vllm_adapter_root: str | None = Field(
        default=None, description="Where the vLLM servers see HOME/adapters; unset: under the same path as here."
    )
    prompt_closed: str = Field(default=_PROMPTS.closed, description="System message of `base`, `few-shot`, `finetune`.")
    prompt_rag: str = Field(default=_PROMPTS.rag, description="System message of `rag`.")
    prompt_hybrid: str = Field(default=_PROMPTS.hybrid, description="System message of `hybrid`.")

    @property
    def pinned(self) -> list[str]:
        """The aliases of the pinned adapters."""
        return [name.strip() for name in self.pinned_adapters.split(",") if name.strip()]

    @property
    def prompts(self) -> Prompts:
        """The system messages, as training and serving pass them to the renderer."""
        return Prompts(closed=self.prompt_closed, rag=self.prompt_rag, hybrid=self.prompt_hybrid)
