"""`crossover serve`: the port, the services, the application, and a clean end of all three."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
import uvloop
from rich.console import Console

from crossover.indexer.errors import IndexLocked
from crossover.server import live
from crossover.server.app import create_app
from crossover.server.listening import url_of
from crossover.server.services import Services, open_services
from crossover.server.settings import Settings

_GRACE_SECONDS = 10  # how long requests under way may take to end after a signal


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: it would end the process before vLLM is stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serves on `listener` until SIGINT or SIGTERM.

    Raises:
        RuntimeError: another server holds the embedded index, or vLLM does not start.
    """
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if settings.log_level == "info":  # what these tell at this level is of no use to who runs a server
        for chatty in ("uvicorn", "sentence_transformers", "httpx"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    console, url = Console(stderr=True, highlight=False), url_of(listener)
    console.print(f"[bold]Crossover[/bold] starts at {url}")
    async with _opened(settings) as services:
        server = _Server(_configuration(settings, services))
        with live.announced(settings.home, services.id, url):
            getting_ready = asyncio.create_task(_get_ready(services, server, console, url))
            await server.serve(sockets=[listener])
            getting_ready.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await getting_ready
        console.print("Crossover stops")


@contextlib.asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Services]:
    """The services; where another server holds this home's index, the error names it."""
    try:
        async with open_services(settings) as services:
            yield services
    except IndexLocked as error:
        if holder := live.find(settings.home):
            raise IndexLocked(
                f"a server runs on {settings.home} already: {holder.url} (process {holder.pid}); ask that one, "
                "stop it, or set CROSSOVER_HOME to another folder"
            ) from error
        raise


async def _get_ready(services: Services, server: _Server, console: Console, url: str) -> None:
    """Says when the server is ready; stops it when it never will be."""
    console.print("The model is loading; requests are answered as soon as it is there …")
    try:
        await services.get_ready()
    except Exception:
        server.should_exit = True
        raise
    # What the libraries allocated stays for good: without it among the candidates a full collection stops requests
    # for a moment instead of a tenth of a second.
    gc.collect()
    gc.freeze()
    models = ", ".join(["base", "rag", *(f"hybrid:{alias}" for alias in services.promoted.all())])
    console.print(f"[bold green]Ready[/bold green]: {url}/v1 answers as {models}, …", soft_wrap=True)


def _configuration(settings: Settings, services: Services) -> uvicorn.Config:
    options: dict[str, Any] = {
        "loop": "none",
        "http": "httptools",
        "ws": "none",
        "access_log": False,
        "log_config": None,
    }
    return uvicorn.Config(
        create_app(settings, services),
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        **options,
    )
