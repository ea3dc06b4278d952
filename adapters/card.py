"""AdapterCard: what an adapter is, what it learnt from and what that took; card.json beside its weights."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from crossover.adapters.durable import replace_text

FILE = "card.json"
P_TUNING, FULL = "p-tuning", "full"
"""The methods whose result is no LoRA adapter: virtual tokens, and a whole model."""


class DataCard(BaseModel):
    """The data set that an adapter was trained on."""

    name: str
    fingerprint: str
    examples: int
    weight: float = Field(default=1.0, description="How often an epoch showed each example on average.")


class ValidationCard(BaseModel):
    """How a training went on examples that it did not see, which chose its weights."""

    examples: int
    losses: list[tuple[float, float]] = Field(description="Epoch, and the loss there.")
    best_epoch: float = Field(description="The epoch whose weights these are.")
    stopped_epoch: float | None = Field(default=None, description="Where training ended early; null: it did not.")


class AdapterCard(BaseModel):
    """Everything that a reader, the router or an auditor asks about one adapter version."""

    name: str
    digest: str = Field(default="", description="Set at registration: a hash over weights and configuration.")
    base_model: str
    base_fingerprint: str
    chat_template: str = Field(description="Digest of the chat template it was trained under; empty: unknown.")
    prompts: str = Field(description="Digest of the system messages it was trained under; empty: unknown.")
    template_date: str = Field(default="", description="The date that a chat template with a clock was shown.")
    method: str = "lora"
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    command: str = Field(default="", description="The command line that trained it.")
    data: DataCard
    tasks: list[DataCard] = Field(default_factory=list, description="The files, where it learnt from several.")
    replayed: dict[str, int] = Field(
        default_factory=dict, description="Rows of other tasks and of reading and refusing that it was shown beside."
    )
    documents: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Documents that training saw, each with the content hashes of the chunks it saw.",
    )
    sentences: list[str] = Field(
        default_factory=list,
        description="Hashes of the sentences in those chunks, sorted; empty where they were not kept.",
    )
    stated: dict[str, tuple[str, str]] = Field(
        default_factory=dict,
        description="Document and hash of the sentence that stated the answer, by the hash of a training question.",
    )
    trained_at: datetime
    wall_seconds: float = 0.0
    device: str = ""
    device_seconds: float = 0.0
    tokens: int = Field(default=0, description="Tokens that went through the model in training, padding left out.")
    losses: list[float] = Field(default_factory=list, description="Mean training loss of each epoch.")
    validation: ValidationCard | None = Field(default=None, description="Null: no held-out examples chose the weights.")
    disk_bytes: int = Field(default=0, description="Size of the weights on disk; 0: not recorded.")
    max_model_len: int | None = Field(default=None, description="Of a whole model: as its base model's card says.")
    passages: int | None = Field(default=None, description="Of a whole model: as its base model's card says.")
    gate: dict[str, Any] | None = None
    parent: str | None = Field(default=None, description="The adapter that training went on from.")

    @cached_property
    def chunk_hashes(self) -> frozenset[str]:
        """The content hashes of all chunks that training saw, whichever documents they stood in."""
        return frozenset(digest for seen in self.documents.values() for digest in seen)

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides the weights, but for data and seed: equal for trainings that are draws of one kind."""
        chosen = {name: value for name, value in self.hyperparameters.items() if name != "seed"}
        return chosen | {
            "method": self.method,
            "base_fingerprint": self.base_fingerprint,
            "chat_template": self.chat_template,
            "prompts": self.prompts,
            "parent": self.parent,
            "files": len(self.tasks) or 1,
            "weight": self.data.weight,
            "validation": self.validation.examples if self.validation else 0,
        }

    @property
    def trained(self) -> str:
        """What was trained, in a word or two: ``lora r32``, ``p-tuning 20 tokens``, ``full 18.2 MB``."""
        if self.method == FULL:
            return f"{FULL} {self.disk_bytes / 1e6:.1f} MB"
        if tokens := self.hyperparameters.get("virtual_tokens"):
            return f"{self.method} {tokens} tokens"
        return f"{self.method} r{self.hyperparameters.get('rank', '?')}"

    @classmethod
    def load(cls, folder: Path) -> AdapterCard:
        """The card of the adapter in a folder.

        Raises:
            FileNotFoundError: the folder has none, so the adapter in it is not complete.
            pydantic.ValidationError: it does not say what a card must say.
        """
        return cls.model_validate_json((folder / FILE).read_text(encoding="utf-8"))

    def save(self, folder: Path) -> None:
        """Writes the card into a folder in one step, the last file of an adapter."""
        replace_text(folder / FILE, self.model_dump_json(indent=2) + "\n")
