"""What goes out: answers in the shape of OpenAI's chat completions, whole and in chunks."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from crossover.server.answering import Answer, AnswerChoice

THOUGHTS = "reasoning_content"
"""The field that DeepSeek's API has for them, and clients know."""


def new_id() -> str:
    """The id of an answer."""
    return f"chatcmpl-{uuid.uuid4().hex}"


def chat_completion(answer: Answer, model: str, fingerprint: str) -> dict[str, Any]:
    """The body of a whole answer; `model` as it was asked for."""
    return {
        "id": new_id(),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": fingerprint,
        "choices": [
            {
                "index": choice.index,
                "message": {"role": "assistant", "content": choice.text, "refusal": None}
                | ({THOUGHTS: thoughts} if (thoughts := choice.thoughts.strip()) else {}),
                "logprobs": choice.logprobs,
                "finish_reason": choice.finish_reason,
            }
            for choice in answer.choices
        ],
        "usage": usage(answer.prompt_tokens, answer.completion_tokens),
        "crossover": answer.trace,
    }


class Chunks:
    """The chunks of one streamed answer: they share id, time and model.

    Args:
        with_usage: whether the client asked for token counts, in which case every chunk has the field.
    """

    def __init__(self, model: str, fingerprint: str, *, with_usage: bool) -> None:
        self._frame: dict[str, Any] = {
            "id": new_id(),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": fingerprint,
        }
        if with_usage:
            self._frame["usage"] = None

    @property
    def id(self) -> str:
        """The id of the answer."""
        return str(self._frame["id"])

    def role(self, index: int) -> dict[str, Any]:
        """The first chunk of a choice."""
        return self._choice(index, {"role": "assistant", "content": "", "refusal": None}, None, None)

    def deltas(self, choice: AnswerChoice) -> list[dict[str, Any]]:
        """The next pieces of a choice: of what the model thinks, of what it says, or of neither."""
        pieces = []
        if choice.thoughts:
            pieces.append(self._choice(choice.index, {THOUGHTS: choice.thoughts}, None, None))
        if choice.text or (choice.logprobs and choice.logprobs["content"]):
            pieces.append(self._choice(choice.index, {"content": choice.text}, None, choice.logprobs))
        return pieces

    def finish(self, index: int, reason: str) -> dict[str, Any]:
        """The last chunk of a choice."""
        return self._choice(index, {}, reason, None)

    def counts(self, prompt_tokens: int, completion_tokens: int) -> dict[str, Any]:
        """The chunk behind all choices that carries the token counts."""
        return {**self._frame, "choices": [], "usage": usage(prompt_tokens, completion_tokens)}

    def _choice(
        self, index: int, delta: dict[str, Any], reason: str | None, logprobs: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return {**self._frame, "choices": [choice]}


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    """Token counts."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
