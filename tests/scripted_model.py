"""An OpenAI-compatible server over real HTTP whose replies a test writes: what it is asked decides what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from openai_server import completion, models, openai_server

Script = Callable[[str], Any]
"""From the last message to the reply's text, or to (status, body) where it is no plain answer."""


@dataclass
class ScriptedModel:
    """The server; `script` may be changed while it runs.

    Attributes:
        prompts: the last message of each request, in order.
        headers: of the last request.
    """

    script: Script
    url: str = ""
    models: tuple[str, ...] = ("writer",)
    prompts: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def scripted_model(script: Script) -> Iterator[ScriptedModel]:
    """A running server of that script."""
    model = ScriptedModel(script)

    def answer(headers: Mapping[str, str], body: dict[str, Any] | None) -> tuple[int, Any]:
        if body is None:
            return 200, models(*model.models)
        model.headers = dict(headers)
        model.bodies.append(body)
        model.prompts.append(body["messages"][-1]["content"])
        reply = model.script(model.prompts[-1])
        return reply if isinstance(reply, tuple) else (200, completion(reply))

    with openai_server(answer) as model.url:
        yield model
