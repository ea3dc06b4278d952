"""Our own vLLM comes back by itself, tells why it cannot start, and goes when we go."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import psutil
import pytest
from served import Served

from crossover.adapters.base_model import BaseModel
from crossover.server.engine.client import EngineUnavailable, GenerationRequest
from crossover.server.engine.supervisor import EngineFailed, Supervisor
from crossover.server.settings import Settings

START_SECONDS = 240
REQUEST = {"temperature": 0, "max_tokens": 4}


async def test_after_a_kill_under_load_it_is_back_with_its_adapters_and_nobody_hung(served: Served) -> None:
    tickets = served.versions["tickets"][0].served_name
    outcomes: list[str] = []
    longest = 0.0

    async def client() -> None:
        nonlocal longest
        while True:
            start = time.monotonic()
            try:
                await served.engine.generate(GenerationRequest([1, 5, 300], tickets, REQUEST))
                outcomes.append("answered")
            except EngineUnavailable as error:
                outcomes.append(str(error))
                await asyncio.sleep(0.1)
            longest = max(longest, time.monotonic() - start)

    load = [asyncio.create_task(client()) for _ in range(8)]
    await asyncio.sleep(0.5)
    before = family(served.supervisor)
    core = next(process for process in before if "EngineCore" in process.name())
    restarts = served.supervisor.restarts
    core.kill()
    while served.supervisor.restarts == restarts:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await served.supervisor.started()
    assert tickets in await served.engine.loaded(), "the adapters are loaded before it counts as ready"
    outcomes.append("back")
    await asyncio.sleep(0.5)
    for task in load:
        task.cancel()
    await asyncio.gather(*load, return_exceptions=True)
    assert outcomes[-1] == "answered"
    assert any("starts again after a crash" in outcome for outcome in outcomes)
    assert longest < 30
    assert not [process for process in before if process.is_running()]


async def test_a_start_that_fails_says_why_and_where_to_read_more(tmp_path: Path, reader: BaseModel) -> None:
    async with Supervisor(Settings(home=tmp_path, vllm_args="--no-such-option"), reader) as supervisor:
        with pytest.raises(EngineFailed, match="no-such-option") as raised:
            await asyncio.wait_for(supervisor.started(), START_SECONDS)
    assert str(supervisor.log) in str(raised.value)


async def test_stopping_while_it_starts_leaves_nothing(tmp_path: Path, reader: BaseModel) -> None:
    async with Supervisor(Settings(home=tmp_path), reader) as supervisor:
        while not family(supervisor):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert "is starting" in supervisor.situation()
        processes = [psutil.Process(supervisor.pid), *family(supervisor)]
    assert not [process for process in processes if process.is_running()]


def family(supervisor: Supervisor) -> list[psutil.Process]:
    """vLLM's processes."""
    return psutil.Process(supervisor.pid).children(recursive=True) if supervisor.pid else []
