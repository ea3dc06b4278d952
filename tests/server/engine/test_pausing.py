"""Our own vLLM frees its memory while an adapter is trained, and comes back even when nobody says so."""

from __future__ import annotations

import asyncio
import time

import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from served import Served

from crossover.server.engine.client import Engine, EngineUnavailable, GenerationRequest
from crossover.server.pausing import Pausing

REQUEST = {"temperature": 0, "max_tokens": 4}


async def test_a_pause_frees_the_device_refuses_requests_and_ends_by_itself_when_its_owner_was_killed(
    served: Served,
) -> None:
    request = GenerationRequest([1, 5, 300], served.versions["tickets"][0].served_name, REQUEST)
    before = await served.engine.generate(request)
    restarts = served.supervisor.restarts
    processes = psutil.Process(served.supervisor.pid).children(recursive=True)
    pausing = Pausing(served.engine, served.supervisor, sleeps=False)
    await pausing.pause(1.0)
    assert processes and not [process for process in processes if process.is_running()]
    with pytest.raises(EngineUnavailable, match="rests while an adapter is trained"):
        await served.engine.generate(request)
    assert "rests" in (await served.engine.troubles())[0] and "stopped" in served.supervisor.situation()
    await pausing.pause(2.5)  # prolonged
    began = time.monotonic()
    while served.engine.pool.paused:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert time.monotonic() - began > 2
    await served.supervisor.started()
    assert (await served.engine.generate(request)).choices[0].text == before.choices[0].text
    assert served.supervisor.restarts == restarts, "it was no crash"
    await pausing.resume()  # none is on


async def test_a_vllm_that_is_not_ours_cannot_be_paused(served: Served) -> None:
    with pytest.raises(RuntimeError, match="train on another --device"):
        await Pausing(served.engine, None, sleeps=False).pause(1.0)


async def test_a_vllm_that_could_not_be_woken_is_woken_by_the_next_call_or_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusals = 2
    monkeypatch.setattr("crossover.server.pausing._AGAIN_SECONDS", 0.05)

    async def answer(request: web.Request) -> web.Response:
        nonlocal refusals
        refusals -= request.path == "/wake_up"
        return web.Response(status=500 if request.path == "/wake_up" and refusals >= 0 else 200)

    class Ours:
        async def started(self) -> None: ...

    app = web.Application()
    app.router.add_post("/{call}", answer)
    async with TestServer(app) as server, Engine([str(server.make_url("")).rstrip("/")], "base") as engine:
        pausing = Pausing(engine, Ours(), sleeps=True)  # type: ignore[arg-type]
        await pausing.pause(0.5)
        with pytest.raises(RuntimeError, match="refuses POST /wake_up"):
            await pausing.resume()
        assert engine.pool.paused
        await asyncio.sleep(1.5)  # its end comes, is refused once more, and then not
        assert not engine.pool.paused
