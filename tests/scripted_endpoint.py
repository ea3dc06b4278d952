"""An OpenAI-compatible endpoint over real HTTP that is no Crossover server, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from openai_server import completion, models, openai_server


@dataclass
class ScriptedEndpoint:
    """What it says to a conversation, and which conversations it had."""

    says: Callable[[list[dict[str, str]]], str]
    key: str = ""
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def answering(endpoint: ScriptedEndpoint) -> Iterator[ScriptedEndpoint]:
    """The endpoint on a port of its own."""

    def answer(headers: Mapping[str, str], body: dict[str, Any] | None) -> tuple[int, Any]:
        if endpoint.key and headers.get("Authorization") != f"Bearer {endpoint.key}":
            return 401, {"error": {"message": "no such key", "code": "invalid_api_key"}}
        if body is None:
            return 200, models("small")
        endpoint.asked.append(body)
        usage = {"prompt_tokens": 50, "completion_tokens": 3, "total_tokens": 53}
        return 200, completion(endpoint.says(body["messages"]), usage=usage)

    with openai_server(answer) as endpoint.url:
        yield endpoint
