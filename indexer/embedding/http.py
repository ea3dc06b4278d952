"""An embedding model behind an OpenAI-compatible URL: vLLM, TEI, llama.cpp, Ollama, OpenAI itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from crossover.indexer.embedding.model import Vectors, by_length
from crossover.indexer.errors import EmbeddingServerError

if TYPE_CHECKING:
    from openai import OpenAI

    from crossover.indexer.settings import IndexerSettings

_BATCH = 32  # texts a request: the most that text-embeddings-inference takes unless told otherwise
_REQUESTS = 4  # at once
_RETRIES = 6  # of a request that meets 408, 409, 429, 5xx or no answer: about half a minute, longer and longer waits
_TIMEOUT = 120.0  # seconds
_ASCII_WORD, _ASCII_TOKEN = re.compile(r"[A-Za-z]+|\d|[^\w\s]|_", re.ASCII), 4
_OTHER = re.compile(r"[^\x00-\x7f]")


class ServedModel:
    """The model that `embedding_model` names on the server at `embedding_url`.

    Texts are sent with the prefixes of the settings, for a server applies no prompts; vectors are
    scaled to unit length. The server's tokenizer is not known: see :func:`estimate_tokens`.
    """

    def __init__(self, settings: IndexerSettings) -> None:
        self._url = (settings.embedding_url or "").rstrip("/")
        self._model = settings.embedding_model or ""
        self._key = settings.embedding_api_key
        self._prefixes = settings.embedding_query_prefix, settings.embedding_document_prefix
        self._tokens = settings.embedding_max_tokens

    @property
    def name(self) -> str:
        """The model's, and the prefix of its documents where they have one: with another one vectors differ."""
        prefix = self._prefixes[1]
        return f"{self._model} ({prefix.strip()})" if prefix.strip() else self._model

    @cached_property
    def dimension(self) -> int:
        return int(self._embed(["dimension"]).shape[1])

    @property
    def max_tokens(self) -> int:
        return self._tokens - estimate_tokens(self._prefixes[1])

    def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    def queries(self, texts: Sequence[str]) -> Vectors:
        prefixed = [self._prefixes[0] + text for text in texts]
        starts = range(0, len(prefixed), _BATCH)
        return np.concatenate([self._embed(prefixed[start : start + _BATCH]) for start in starts])

    def documents(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        batches = by_length(texts, _BATCH)
        requests = ([self._prefixes[1] + texts[place] for place in places] for places in batches)
        workers = ThreadPoolExecutor(_REQUESTS, "embedding")
        try:
            yield from zip(batches, workers.map(self._embed, requests), strict=True)
        finally:
            workers.shutdown(cancel_futures=True)

    def _embed(self, texts: list[str]) -> Vectors:
        """The unit vectors of some texts, in one request.

        Raises:
            EmbeddingServerError: it cannot be reached, refuses, or answers with something else than vectors.
        """
        with self._translated():
            answer = self._client.embeddings.create(input=texts, model=self._model, encoding_format="float")
        try:
            rows = sorted(answer.data, key=lambda row: row.index)
            vectors = np.asarray([row.embedding for row in rows], dtype=np.float32)
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._error(f"its answer holds no vectors ({error})") from error
        if len(vectors) != len(texts):
            raise self._error(f"{len(vectors)} vectors for {len(texts)} texts")
        if not np.isfinite(vectors).all() or not lengths.all():
            raise self._error("a vector is zero or holds numbers that are none")
        if self.__dict__.setdefault("dimension", vectors.shape[1]) != vectors.shape[1]:
            raise self._error(f"a vector of {vectors.shape[1]} numbers after those of {self.dimension}")
        unit: Vectors = vectors / lengths
        return unit

    @cached_property
    def _client(self) -> OpenAI:
        from openai import OpenAI

        key = self._key.get_secret_value() if self._key else "none"
        return OpenAI(base_url=self._url, api_key=key, max_retries=_RETRIES, timeout=_TIMEOUT)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import openai

        try:
            yield
        except openai.APIConnectionError as error:  # time-outs too
            cause = error.__cause__ or error
            raise self._error(f"no answer ({cause}); is it running, and is CROSSOVER_EMBEDDING_URL right?") from error
        except openai.APIStatusError as error:
            reason = " ".join(error.message.split())[:300]
            raise self._error(f"{reason}{_REMEDIES.get(error.status_code, '')}") from error
        except (openai.OpenAIError, ValueError) as error:
            raise self._error(f"not an answer in OpenAI's form ({error})") from error

    def _error(self, reason: str) -> EmbeddingServerError:
        return EmbeddingServerError(f"{self._url}, embedding model {self._model!r}: {reason}")


_REMEDIES = {
    400: "; if a text is too long for the model, lower CROSSOVER_EMBEDDING_MAX_TOKENS",
    401: "; set CROSSOVER_EMBEDDING_API_KEY",
    403: "; set CROSSOVER_EMBEDDING_API_KEY",
    404: "; CROSSOVER_EMBEDDING_URL usually ends in /v1, and CROSSOVER_EMBEDDING_MODEL is the name on that server",
    413: "; lower CROSSOVER_EMBEDDING_MAX_TOKENS",
    422: "; if a text is too long for the model, lower CROSSOVER_EMBEDDING_MAX_TOKENS",
}


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has, rather too many than too few: a tokenizer is not part of the protocol.

    A token for each four letters begun of an ASCII word, for each digit and sign, and for each other
    character. English prose comes out at about 1.3 times what common tokenizers say, Russian at 2 to 3 times.
    """
    ascii_tokens = sum(-(-len(word) // _ASCII_TOKEN) for word in _ASCII_WORD.findall(text))
    return ascii_tokens + len(_OTHER.findall(text))
