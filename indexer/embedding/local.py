"""A sentence-transformers model in this process, on its GPU or on all cores of its CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from crossover.indexer.embedding import cores
from crossover.indexer.embedding.loading import document_prompt, has_bfloat16, open_model
from crossover.indexer.embedding.model import PACKAGED, Vectors, by_length

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 16  # texts on a CPU; larger ones are no faster
_BATCH_GPU = 256
_STEP = 16  # tokens
_FEW = 32  # questions that wait together, at most
_UNBOUNDED = 8192  # tokens, for models that read texts of any length
_LOADING = threading.Lock()
_QUIET: dict[str, Any] = {"normalize_embeddings": True, "show_progress_bar": False}


class LocalModel:
    """A model by hub id or path, loaded at first use; None is the packaged one.

    Questions and documents go through the model's own prompts, pooling and length. Where the
    processor multiplies bfloat16 natively the transformer computes in it, twice as fast; pooling and
    what follows stay in float32, and the vectors agree with those of float32 to a cosine of 0.9999.
    """

    def __init__(self, setting: str | None) -> None:
        self.name = setting or PACKAGED
        self._setting = setting

    @property
    def dimension(self) -> int:
        return int(self._model.get_embedding_dimension() or 0)

    @cached_property
    def max_tokens(self) -> int:
        model = self._model
        longest = min(model.max_seq_length or _UNBOUNDED, _UNBOUNDED)
        own = int(model.tokenizer.num_special_tokens_to_add(False)) + self.count_tokens(document_prompt(self._model))
        return int(longest) - own

    def count_tokens(self, text: str) -> int:
        return self._counter(text)

    def queries(self, texts: Sequence[str]) -> Vectors:
        model = self._model
        if len(texts) <= _FEW and model.device.type == "cpu":
            with cores.for_question():
                return np.asarray(model.encode_query(list(texts), **_QUIET), dtype=np.float32)
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for places, rows in self._encoded(texts, model.encode_query):
            vectors[places] = rows
        return vectors

    def documents(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        return self._encoded(texts, partial(self._model.encode_document, prompt=document_prompt(self._model)))

    def _encoded(self, texts: Sequence[str], encode: Callable[..., Any]) -> Iterator[tuple[list[int], Vectors]]:
        on_cpu = self._model.device.type == "cpu"
        how = _QUIET | (_few_lengths(self._model) if on_cpu else {})

        def embed(places: list[int]) -> Vectors:
            batch = [texts[place] for place in places]
            return np.asarray(encode(batch, batch_size=len(batch), **how), dtype=np.float32)

        batches = by_length(texts, _BATCH if on_cpu else _BATCH_GPU)
        vectors = cores.for_documents(embed, batches) if on_cpu else map(embed, batches)
        yield from zip(batches, vectors, strict=True)

    @property
    def _model(self) -> SentenceTransformer:
        with _LOADING:
            return _load(self._setting)

    @cached_property
    def _counter(self) -> Callable[[str], int]:
        """Counts with a tokenizer that cuts nothing off; the model's own is shared with the threads that embed."""
        tokenizer = self._model.tokenizer
        own = getattr(tokenizer, "backend_tokenizer", tokenizer)
        if not hasattr(own, "to_str"):  # written in Python
            return lambda text: len(tokenizer.encode(text, add_special_tokens=False))
        counter = type(own).from_str(own.to_str())
        counter.no_truncation()
        counter.no_padding()
        return lambda text: len(counter.encode(text, add_special_tokens=False).ids)


@cache
def _load(setting: str | None) -> SentenceTransformer:
    """The model, once in a process."""
    model = open_model(setting)
    if has_bfloat16(model.device):
        _compute_in_bfloat16(model)
    return model


def _few_lengths(model: SentenceTransformer) -> dict[str, Any]:
    """Arguments that fill batches up to a multiple of 16 tokens, of a model that reads no less.

    For every length of a batch torch's engine on a CPU keeps buffers and kernels: a process that embeds some thousand
    texts would grow by a third, and with few lengths stays as it is.
    """
    from sentence_transformers.sentence_transformer.modules import Transformer

    if not isinstance(model[0], Transformer) or (model.max_seq_length or 0) % _STEP:
        return {}
    return {"processing_kwargs": {"text": {"pad_to_multiple_of": _STEP}}}


def _compute_in_bfloat16(model: SentenceTransformer) -> None:
    import torch
    from sentence_transformers.sentence_transformer.modules import Transformer

    first = model[0]
    if not isinstance(first, Transformer) or first.auto_model.dtype != torch.float32:
        return
    first.auto_model.to(torch.bfloat16)

    def widen(_: object, __: object, features: dict[str, Any]) -> dict[str, Any]:
        return {**features, "token_embeddings": features["token_embeddings"].float()}

    first.register_forward_hook(widen)
