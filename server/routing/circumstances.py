"""What answers depend on besides question, documents and adapter: a policy holds only where it was fitted."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict

from crossover.adapters.base_model import BaseModel as Base
from crossover.adapters.chat_template import ChatTokenizer
from crossover.indexer.embedding import PACKAGED
from crossover.server.settings import Settings


class Circumstances(BaseModel):
    """Base model, prompts and search, as far as a strategy's chance to be right follows from them.

    Args:
        passages: how many a prompt takes.
        few_shot: how many examples a prompt of `few-shot` shows; rag_examples the same for `rag`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_model: str
    base_fingerprint: str
    chat_template: str
    prompts: str
    embedding_model: str
    passages: int
    few_shot: int
    rag_examples: int
    reranker: str = ""
    template_variables: str = ""

    @classmethod
    def of(cls, settings: Settings, base: Base, tokenizer: ChatTokenizer) -> Circumstances:
        """Those of a server with these settings."""
        return cls(
            base_model=base.name,
            base_fingerprint=base.fingerprint,
            chat_template=tokenizer.digest,
            prompts=settings.prompts.digest,
            embedding_model=settings.embedding or PACKAGED,
            passages=settings.passages or base.passages,
            few_shot=settings.few_shot,
            rag_examples=settings.rag_examples,
            reranker=settings.reranker or "",
            template_variables=json.dumps(settings.chat_template_kwargs, sort_keys=True)
            if settings.chat_template_kwargs
            else "",
        )

    def difference(self, now: Circumstances) -> str | None:
        """What is otherwise now, in words; None where nothing is."""
        for field, words in _WORDS.items():
            before, after = getattr(self, field), getattr(now, field)
            if before != after:
                return f"another {words} ({before}, now {after})"
        return None


def system_fingerprint(settings: Settings, base: Base, tokenizer: ChatTokenizer) -> str:
    """OpenAI's `system_fingerprint`: equal while the same base model is asked in the same way."""
    parts = [base.fingerprint, tokenizer.digest, settings.prompts.digest, str(settings.passages or base.passages)]
    for name in ("reranker", "chat_template_kwargs", "quantization", "vllm_args"):
        if setting := getattr(settings, name):
            parts.append(f"{name}={json.dumps(setting, sort_keys=True)}")
    return "fp_" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


_WORDS = {
    "base_fingerprint": "base model",
    "chat_template": "chat template",
    "prompts": "set of system messages",
    "embedding_model": "embedding model",
    "passages": "number of passages in a prompt",
    "few_shot": "number of examples in a prompt of few-shot",
    "rag_examples": "number of examples in a prompt of rag",
    "reranker": "reranker",
    "template_variables": "set of chat template variables",
}
