"""What is asked of the engine and what it answers: the two nouns of vLLM's /v1/completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class EngineUnavailable(RuntimeError):
    """No vLLM server can answer now: down, starting, or beyond the deadline. Try again later."""


class EngineRefused(ValueError):
    """vLLM refused the request; the message is vLLM's own."""


class ModelNotServed(LookupError):
    """No such model or adapter is loaded in vLLM."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A prompt for one served model.

    Attributes:
        prompt: token ids; rendering and tokenising are the caller's.
        model: the served name, the base model's or an adapter's such as ``support@3f9c2a``.
        sampling: fields of vLLM's /v1/completions (max_tokens, temperature, top_p, n, stop, seed, logprobs …).
    """

    prompt: Sequence[int]
    model: str
    sampling: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer, or in a stream the newest piece of it.

    Attributes:
        finish_reason: "stop" or "length"; None while a stream goes on.
        logprobs: vLLM's object with tokens, token_logprobs, top_logprobs and text_offset, when asked for.
    """

    index: int
    text: str
    finish_reason: str | None = None
    logprobs: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """The answers to one request; in a stream the last one has no choices and carries the token counts."""

    choices: list[Choice]
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Completion:
        """The completion in a decoded answer, or chunk, of /v1/completions."""
        usage = body.get("usage") or {}
        return cls(
            [Choice(c["index"], c["text"], c.get("finish_reason"), c.get("logprobs")) for c in body["choices"]],
            usage.get("prompt_tokens", 0),
            usage.get("completion_tokens", 0),
        )
