"""Prompts for P-tuned adapters, as vLLM takes them: embeddings, the virtual tokens' first, in place of token ids.

vLLM has nothing to load for them, so every server answers with them at once, and none after the alias has moved on.
A tensor of a wrong shape could bring vLLM down: only what is made here is ever sent.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING

from crossover.adapters.base_model import BaseModel
from crossover.adapters.promotion import AdapterNotLoaded
from crossover.adapters.registry import Registry
from crossover.adapters.virtual_tokens import InputEmbeddings, read_virtual_tokens

if TYPE_CHECKING:
    from torch import Tensor


class PromptEmbeds:
    """The prompts of all P-tuned versions of a registry.

    Args:
        registry: where their virtual tokens are.
        base: the model whose input embeddings stand behind them; read when the first is asked for.
    """

    def __init__(self, registry: Registry, base: BaseModel) -> None:
        self._registry, self._base = registry, base
        self._kinds: dict[str, bool] = {}  # served names are immutable
        self._tokens: dict[str, Tensor] = {}
        self._embeddings: InputEmbeddings | None = None
        self._reading = Lock()

    def owns(self, name: str) -> bool:
        """Whether a served name is a P-tuned version; another adapter, or none, is not."""
        if name not in self._kinds:
            try:
                self._kinds[name] = self._registry.resolve(name).virtual_tokens > 0
            except LookupError:
                return False
        return self._kinds[name]

    def promoted(self) -> set[str]:
        """The served names of the promoted P-tuned versions that can be read."""
        digests = {name: self._registry.promoted_digest(name) for name in self._registry.names()}
        return {served for name, digest in digests.items() if self._readable(served := f"{name}@{digest}")}

    def read(self, name: str) -> Tensor:
        """The virtual tokens (n, width) of a version, read once.

        Raises:
            AdapterNotLoaded: its file, or the base model's, cannot be read, or they do not fit each other.
        """
        from safetensors import SafetensorError

        with self._reading:
            if name not in self._tokens:
                path = self._registry.resolve(name).path
                try:
                    tokens, width = read_virtual_tokens(path), self._input_embeddings().width
                except (OSError, LookupError, SafetensorError) as error:
                    raise AdapterNotLoaded(f"{name} could not be read from {path}: {error}") from error
                if tokens.shape[1] != width:
                    raise AdapterNotLoaded(
                        f"{name}: its tokens are {tokens.shape[1]} wide, {self._base.name}'s {width}"
                    )
                self._tokens[name] = tokens
            return self._tokens[name]

    def forget(self, name: str) -> None:
        """Lets go of a version's virtual tokens; asked for again they are read again."""
        self._tokens.pop(name, None)

    async def encode(self, name: str, prompt: Sequence[int]) -> str:
        """The field `prompt_embeds` of a request: the virtual tokens, then the prompt's; base64 of a torch file."""
        return await asyncio.to_thread(self._encode, name, prompt)

    def _encode(self, name: str, prompt: Sequence[int]) -> str:
        import torch

        buffer = BytesIO()
        torch.save(torch.cat([self.read(name), self._input_embeddings().of(prompt)]), buffer)
        return base64.b64encode(buffer.getbuffer()).decode()

    def _input_embeddings(self) -> InputEmbeddings:
        if self._embeddings is None:
            self._embeddings = InputEmbeddings(self._base.path)
        return self._embeddings

    def _readable(self, name: str) -> bool:
        try:
            return self.owns(name) and self.read(name) is not None
        except AdapterNotLoaded:
            return False
