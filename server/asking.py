"""`crossover ask`: one question to a server that runs on this home, else to one that lives as long as the question."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from rich.console import Console

from crossover.adapters.live import reaching
from crossover.server.context import Context

_SECONDS = 600.0


class Refused(ValueError):
    """The server refused the question; the message is the server's."""


class NotNow(RuntimeError):
    """The server cannot answer now; the message is the server's."""


def ask_and_print(context: Context, question: str, model: str, *, as_json: bool) -> None:
    """Prints the answer with its sources.

    Raises:
        ValueError: the question is empty, or the server refused it.
        RuntimeError: it cannot be answered now.
    """
    body = {"model": model, "messages": [{"role": "user", "content": question}]}
    answer = asyncio.run(_ask(context, body))
    if as_json:
        print(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    else:
        _print(answer)


async def _ask(context: Context, body: dict[str, Any]) -> dict[str, Any]:
    from crossover.server.protocol import parse_chat, question_of

    question_of(parse_chat(orjson.dumps(body)))  # a wrong question is told before a model is loaded for it
    async with reached(context) as client:
        return await _post(client, body)


@asynccontextmanager
async def reached(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server that runs on this home, else of the same application without a port.

    Raises:
        RuntimeError: the application cannot start.
    """
    if url := context.live_server():
        async with httpx.AsyncClient(base_url=url, timeout=_SECONDS, trust_env=False) as client:
            yield client
        return
    from crossover.server.app import create_app
    from crossover.server.services import open_services

    settings = context.settings.model_copy(update={"request_log": False})
    console = Console(stderr=True)
    async with open_services(settings) as services:
        with console.status("starting the model (a running `crossover serve` answers at once) …"):
            await services.get_ready()
        transport = httpx.ASGITransport(create_app(settings, services))
        async with httpx.AsyncClient(transport=transport, base_url="http://crossover", timeout=_SECONDS) as client:
            yield client


async def _post(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    with reaching(str(client.base_url)):
        response = await client.post("/v1/chat/completions", json=body)
    told: dict[str, Any] = response.json()
    if response.status_code == 200:
        return {
            "model": told["model"],
            "answer": told["choices"][0]["message"]["content"],
            "usage": told["usage"],
            "crossover": told["crossover"],
        }
    message = told["error"]["message"]
    raise Refused(message) if response.status_code in (400, 404) else NotNow(message)


def _print(answer: dict[str, Any]) -> None:
    console = Console(highlight=False)
    trace = answer["crossover"]
    console.print(answer["answer"], markup=False)
    console.print()
    adapter = f" with {trace['adapter']}" if trace["adapter"] else ""
    console.print(f"{trace['strategy']}{adapter}: {trace['reason']}", style="dim", markup=False)
    for source in trace["sources"]:
        page = f", page {source['page']}" if "page" in source else ""
        console.print(f"[{source['n']}] {source['title']} ({source['document']}{page})", style="dim", markup=False)
