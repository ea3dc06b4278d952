"""Arms that another endpoint answers: any server that speaks OpenAI's API, a second Crossover server among them."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from crossover.adapters.prompt import Prompts, render
from crossover.eval.arms import STRATEGY_OF, UnknownArm
from crossover.eval.client import AskRefused, Client, ServerState
from crossover.server.strategies import AUTO

_PASSAGES = "+rag"
_SPEC = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*(\+rag)?)=(?P<url>https?://[^#\s]+)#(?P<model>\S+)")
_FILES = frozenset({"questions", "retrieval", "features", "report"})  # what else lies in a folder of runs
_OURS = "crossover"  # who owns the models of a Crossover server


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One arm's endpoint.

    Args:
        name: as it stands in the report; with ``+rag`` at its end the model is shown the passages of our arm `rag`.
        url: the root of OpenAI's API there, such as https://api.openai.com/v1.
    """

    name: str
    url: str
    model: str

    @property
    def takes_passages(self) -> bool:
        """Whether it is asked with the passages that `rag` got, instead of zero-shot."""
        return self.name.endswith(_PASSAGES)

    @property
    def key_variable(self) -> str:
        """The environment variable with its API key: GPT_API_KEY for the arms ``gpt`` and ``gpt+rag``."""
        return f"{re.sub(r'[^A-Za-z0-9]', '_', self.name.removesuffix(_PASSAGES)).upper()}_API_KEY"


@dataclass(frozen=True, slots=True)
class ExternalArm:
    """An arm at another endpoint.

    Args:
        state: what its answers depend on, where it is a Crossover server; None elsewhere.
    """

    endpoint: Endpoint
    client: Client
    state: ServerState | None
    prompts: Prompts
    gold: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """As it stands in the report."""
        return self.endpoint.name

    def identity(self, own: ServerState) -> dict[str, Any]:
        """What its answers depend on besides questions and sampling; never its key."""
        where = {"url": self.endpoint.url, "model": self.endpoint.model}
        if self.state is not None:
            return where | {
                "system": self.state.system,
                "adapters": dict(self.state.adapters),
                "documents": self.state.documents,
                **({"router": self.state.router} if self.endpoint.model.partition(":")[0] == AUTO else {}),
            }
        passages = {"rag_system": own.system, "documents": own.documents} if self.endpoint.takes_passages else {}
        return where | {"system": self.endpoint.model, "prompts": self.prompts.digest} | passages

    def request(self, question: str, sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Model and messages: our own prompt, or the bare question where the server has its own."""
        if self.state is not None:
            return {"model": self.endpoint.model, "messages": [{"role": "user", "content": question}]}
        system = self.prompts.rag if self.endpoint.takes_passages else self.prompts.closed
        passages = [(str(source.get("title", "")), str(source["text"])) for source in sources]
        messages = render(question, system=system, passages=passages)
        return {
            "model": self.endpoint.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
        }

    def trace(self, sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What a server of ours would have told of an answer."""
        strategy = "rag" if self.endpoint.takes_passages else "base"
        return {"strategy": strategy, "adapter": None, "sources": list(sources)}


def parse(texts: Sequence[str], strategies: Sequence[str]) -> list[Endpoint]:
    """The endpoints of some ``NAME=URL#MODEL``.

    Args:
        strategies: what our own server is asked; empty for the usual ones.

    Raises:
        UnknownArm: one cannot be read, has a name that is taken, or wants passages that nobody is asked for.
    """
    endpoints = [_parse(text) for text in texts]
    names = [endpoint.name for endpoint in endpoints]
    for endpoint in endpoints:
        if endpoint.name in STRATEGY_OF or endpoint.name in _FILES or names.count(endpoint.name) > 1:
            raise UnknownArm(f"--arm {endpoint.name}=…: that name is taken; give it another")
        if endpoint.takes_passages and strategies and "rag" not in strategies:
            raise UnknownArm(f"--arm {endpoint.name}=…: it takes the passages of rag; add rag to --strategies")
    return endpoints


def _parse(text: str) -> Endpoint:
    if (found := _SPEC.fullmatch(text)) is None:
        raise UnknownArm(
            f"--arm {text}: expected NAME=URL#MODEL or NAME+rag=URL#MODEL, such as gpt=https://api.openai.com/v1#gpt-4o"
        )
    url = found["url"].rstrip("/")
    return Endpoint(found["name"], url if "/" in url.partition("://")[2] else f"{url}/v1", found["model"])


@asynccontextmanager
async def connect(endpoint: Endpoint, concurrency: int, prompts: Prompts) -> AsyncIterator[ExternalArm]:
    """The arm of an endpoint, once it is reached.

    Raises:
        UnknownArm: it wants passages from us and finds its own.
        AskRefused: its key is missing or wrong.
        ServerUnavailable: nobody answers there.
    """
    root = endpoint.url.removesuffix("/v1")
    key = os.environ.get(endpoint.key_variable)
    async with Client(root, concurrency, api=endpoint.url, key=key) as client:
        ours = await _is_ours(endpoint, client)
        if ours and endpoint.takes_passages:
            raise UnknownArm(f"--arm {endpoint.name}=…: a Crossover server finds its own passages; ask its model rag")
        yield ExternalArm(endpoint, client, await client.state() if ours else None, prompts)


async def _is_ours(endpoint: Endpoint, client: Client) -> bool:
    try:
        return _OURS in await client.owners()
    except AskRefused as refusal:
        if refusal.status in (401, 403):
            hint = f"its key is read from {endpoint.key_variable}"
            raise AskRefused(refusal.status, refusal.code, f"{endpoint.name}: {refusal}; {hint}") from refusal
        return False  # a server that lists no models can still answer
