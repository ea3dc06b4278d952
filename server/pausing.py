"""Our own vLLM out of the way while an adapter is trained on its device: asleep where it can sleep, else stopped."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import aiohttp

from crossover.server.engine.client import Engine

if TYPE_CHECKING:
    from crossover.server.engine.supervisor import Supervisor

logger = logging.getLogger(__name__)

_DRAIN_SECONDS = 30.0
_POLL_SECONDS = 0.1
_AGAIN_SECONDS = 30.0


class Pausing:
    """Stops answering for as long as somebody says, again and again, that it is still needed.

    Whoever trains may be killed at any moment, so a pause has an end of its own: after it vLLM comes back by itself.

    Args:
        engine: it refuses requests meanwhile.
        supervisor: our own vLLM; None where vLLM runs elsewhere.
        sleeps: whether vLLM was started with --enable-sleep-mode, which frees its memory and keeps the process.
    """

    def __init__(self, engine: Engine, supervisor: Supervisor | None, *, sleeps: bool) -> None:
        self._engine, self._supervisor, self._sleeps = engine, supervisor, sleeps
        self._changing = asyncio.Lock()
        self._until = 0.0
        self._ending: asyncio.Task[None] | None = None

    async def pause(self, seconds: float) -> None:
        """Free the device for so many seconds from now; a pause that is on is prolonged.

        Answers under way may end first, requests that come meanwhile are refused.

        Raises:
            RuntimeError: vLLM is not ours to stop.
        """
        if self._supervisor is None:
            raise RuntimeError(
                "vLLM runs elsewhere (CROSSOVER_VLLM_URL) and cannot be paused from here: "
                "stop it there, or train on another --device"
            )
        async with self._changing:
            self._until = time.monotonic() + seconds
            if self._ending is None:
                self._engine.pool.paused = "vLLM rests while an adapter is trained on its device; try again later"
                await self._drained()
                try:
                    await (self._tell("sleep?level=1") if self._sleeps else self._supervisor.pause())
                except BaseException:
                    self._engine.pool.paused = ""
                    raise
                self._ending = asyncio.create_task(self._end_in_time())
                logger.info("vLLM rests, its device is free")

    async def resume(self) -> None:
        """End a pause; returns when vLLM answers again. Without a pause nothing happens."""
        async with self._changing:
            if self._ending is None or self._supervisor is None:
                return
            if self._sleeps:
                await self._tell("wake_up")  # where that fails, the pause stays, to be ended by another call or in time
            else:
                self._supervisor.resume()
            if self._ending is not asyncio.current_task():
                self._ending.cancel()
            self._ending = None
            self._engine.pool.paused = ""
            logger.info("vLLM is wanted again")
        await self._supervisor.started()

    async def _end_in_time(self) -> None:
        while True:
            while (left := self._until - time.monotonic()) > 0:  # noqa: ASYNC110 the end moves while this waits
                await asyncio.sleep(left)
            logger.warning("the training that paused vLLM has not been heard of any more; vLLM comes back")
            try:
                return await self.resume()
            except RuntimeError as error:
                logger.error("vLLM cannot be woken, which is tried again: %s", error)
                self._until = time.monotonic() + _AGAIN_SECONDS

    async def _drained(self) -> None:
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self._engine.in_flight and time.monotonic() < deadline:  # noqa: ASYNC110 any of them may be the last
            await asyncio.sleep(_POLL_SECONDS)

    async def _tell(self, call: str) -> None:
        (replica,) = self._engine.pool.replicas
        try:
            async with self._engine.pool.session.post(f"{replica.url}/{call}") as response:
                if response.status != 200:
                    raise RuntimeError(f"vLLM at {replica.url} refuses POST /{call}: {(await response.text())[:500]}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RuntimeError(f"vLLM at {replica.url} does not answer POST /{call}: {error}") from error
