"""Our own vLLM process: started, watched, started again after a crash, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

import aiohttp

from crossover.adapters.base_model import BaseModel
from crossover.server.engine.command import can_sleep, command, environment
from crossover.server.engine.ports import free_port, is_free
from crossover.server.engine.sweep import kill_session
from crossover.server.engine.vllm_log import VllmLog
from crossover.server.settings import Settings

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.2
_WATCH_SECONDS = 2.0
_HUNG_SECONDS = 60.0  # a vLLM that is alive but has not answered /health for so long is started again
_STOP_SECONDS = 15.0
_BACKOFF_SECONDS = (0.2, 1.0, 5.0, 15.0, 30.0)


class EngineFailed(RuntimeError):
    """Our own vLLM cannot start; the message has the end of its log."""


class Supervisor:
    """Keeps one vLLM server running on 127.0.0.1.

    Args:
        settings: how vLLM is to run.
        base: the model it serves.
        on_ready: awaited each time vLLM has come up, before it counts as ready: loads the adapters.

    Attributes:
        url: where it answers; the port is free when chosen and kept across restarts while it stays so.
        api_key: made anew for each supervisor, so that nobody else on the machine can call vLLM.
        restarts: how often vLLM has ended by itself and was started again.
    """

    def __init__(
        self, settings: Settings, base: BaseModel, on_ready: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        self.on_ready = on_ready
        self.api_key = secrets.token_urlsafe(24)
        self._log = VllmLog(Path(settings.home))
        self.restarts = 0
        self._settings = settings
        self._base = base
        self._port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._spawning = asyncio.Lock()
        self._failure: EngineFailed | None = None
        self._begun = time.monotonic()

    @property
    def url(self) -> str:
        """Where vLLM answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def log(self) -> Path:
        """vLLM's output."""
        return self._log.path

    @property
    def pid(self) -> int | None:
        """The process that holds vLLM and its children; None while there is none."""
        return self._process.pid if self._process else None

    async def __aenter__(self) -> Supervisor:
        """Begin to start vLLM; :meth:`started` waits for it."""
        self._environment = environment(self._base, self.api_key)  # what is wrong with the installation shows here
        command(self._settings, self._base, self._port)
        if can_sleep(self._settings):
            self._environment["VLLM_SERVER_DEV_MODE"] = "1"  # opens /sleep and /wake_up; the guard wants the key there
        self._log.begin()
        self._task = asyncio.create_task(self._run(), name="vllm supervisor")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop vLLM; when this returns, no process of it is left."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def started(self) -> None:
        """Wait until vLLM serves.

        Raises:
            EngineFailed: it ended before it ever did.
        """
        assert self._task is not None, "use `async with`"
        ready = asyncio.ensure_future(self._ready.wait())
        await asyncio.wait([ready, self._task], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            raise self._failure or EngineFailed("vLLM was stopped")

    async def pause(self) -> None:
        """Stop vLLM until :meth:`resume`; when this returns, what it held of the device's memory is free."""
        self._wanted.clear()
        async with self._spawning:
            if self._process is not None:
                await self._stop(self._process)
        self._ready.clear()

    def resume(self) -> None:
        """Start vLLM again after :meth:`pause`; :meth:`started` waits for it."""
        self._wanted.set()

    def situation(self) -> str:
        """One sentence on what vLLM is doing, for whoever cannot be served."""
        if self._failure is not None:
            return str(self._failure)
        if not self._wanted.is_set():
            return "it is stopped while an adapter is trained; try again later"
        if self._ready.is_set():
            return f"it runs; see {self.log}"
        doing = "starts again after a crash" if self.restarts else "is starting"
        return f"it {doing} ({time.monotonic() - self._begun:.0f} s: {self._log.last_line()}); try again in a moment"

    async def _run(self) -> None:
        failures = 0
        try:
            while True:
                await self._wanted.wait()
                self._begun = time.monotonic()
                async with self._spawning:
                    self._process = await self._spawn()
                came_up, code = await self._watch(self._process)
                self._ready.clear()
                self._process = None
                if not self._wanted.is_set():
                    continue
                if not came_up and not self.restarts and code < 128:
                    self._failure = EngineFailed(
                        f"vLLM ended with code {code} before it was ready: {self._log.last_error()}; see {self.log}"
                    )
                    return
                failures = 0 if came_up else failures + 1
                self.restarts += 1
                pause = _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]
                logger.error("vLLM ended with code %s; it starts again in %s s, see %s", code, pause, self.log)
                await asyncio.sleep(pause)
        finally:
            self._ready.clear()
            if self._process is not None:
                await self._stop(self._process)
                self._process = None

    async def _spawn(self) -> asyncio.subprocess.Process:
        if not is_free(self._port):
            self._port = free_port()
        words = command(self._settings, self._base, self._port)
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "crossover.server.engine.launcher",
                *words,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )

    async def _watch(self, process: asyncio.subprocess.Process) -> tuple[bool, int]:
        """Whether vLLM came up, and with which code it has ended."""
        ended = asyncio.create_task(process.wait())
        health = asyncio.create_task(self._follow_health())
        try:
            await asyncio.wait([ended, health], return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                logger.error("vLLM has not answered for %s s; it is ended", _HUNG_SECONDS)
                await self._stop(process)
            code = await ended
        finally:
            came_up = self._ready.is_set()
            for task in (ended, health):
                task.cancel()
        kill_session(process.pid)  # for the case that the launcher itself was killed
        return came_up, code

    async def _follow_health(self) -> None:
        """Mark vLLM ready once it is; return when it has stopped answering."""
        timeout = aiohttp.ClientTimeout(total=_HUNG_SECONDS / 2)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while not await self._healthy(session):  # noqa: ASYNC110 another process: there is no event to wait for
                await asyncio.sleep(_POLL_SECONDS)
            if self.on_ready is not None:
                await self._call_on_ready()
            self._ready.set()
            logger.info("vLLM is ready after %.0f s at %s", time.monotonic() - self._begun, self.url)
            answered = time.monotonic()
            while time.monotonic() - answered < _HUNG_SECONDS:
                await asyncio.sleep(_WATCH_SECONDS)
                if await self._healthy(session):
                    answered = time.monotonic()

    async def _call_on_ready(self) -> None:
        assert self.on_ready is not None
        try:
            await self.on_ready()
        except Exception:  # the base model can be served all the same
            logger.exception("vLLM is up, but its adapters could not be loaded")

    async def _healthy(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/health") as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()  # the launcher ends vLLM and then itself
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        kill_session(process.pid)
