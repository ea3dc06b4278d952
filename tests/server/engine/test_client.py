"""Generation through the engine: answers, streams, refusals, and a server that is not there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from served import Served

from crossover.server.engine.client import Engine, EngineRefused, EngineUnavailable, GenerationRequest, ModelNotServed

PROMPT = [1, 5, 300, 400, 17, 260, 33]
GREEDY = {"temperature": 0, "max_tokens": 12}


async def test_an_answer_has_its_choices_and_token_counts(served: Served) -> None:
    sampling = {"temperature": 0.8, "max_tokens": 5, "n": 2, "logprobs": 2, "seed": 3}
    completion = await served.engine.generate(GenerationRequest(PROMPT, served.base.name, sampling))
    assert [choice.index for choice in completion.choices] == [0, 1]
    assert completion.prompt_tokens == len(PROMPT)
    assert 2 <= completion.completion_tokens <= 10
    logprobs = completion.choices[0].logprobs
    assert logprobs is not None
    assert len(logprobs["tokens"]) == len(logprobs["token_logprobs"])


async def test_a_stream_gives_the_same_text_and_ends_with_the_token_counts(served: Served) -> None:
    request = GenerationRequest(PROMPT, served.base.name, GREEDY)
    whole = await served.engine.generate(request)
    pieces = [piece async for piece in served.engine.stream(request)]
    assert "".join(choice.text for piece in pieces for choice in piece.choices) == whole.choices[0].text
    assert pieces[-1].choices == []
    assert pieces[-1].completion_tokens == whole.completion_tokens
    assert [c.finish_reason for piece in pieces for c in piece.choices][-1] == whole.choices[0].finish_reason


async def test_what_vllm_refuses_is_told_in_its_words(served: Served) -> None:
    with pytest.raises(EngineRefused, match="temperature"):
        await served.engine.generate(GenerationRequest(PROMPT, served.base.name, {"temperature": -1}))
    with pytest.raises(EngineRefused, match="maximum context length"):
        await served.engine.generate(GenerationRequest([5] * 5000, served.base.name, GREEDY))


async def test_an_unknown_model_is_a_lookup_error(served: Served) -> None:
    with pytest.raises(LookupError):
        await served.engine.generate(GenerationRequest(PROMPT, "nobody@000000000000", GREEDY))
    with pytest.raises(ModelNotServed):
        async with Engine([served.supervisor.url], served.base.name, api_key=served.supervisor.api_key) as engine:
            await engine.generate(GenerationRequest(PROMPT, "nobody", GREEDY))


async def test_leaving_a_stream_ends_the_request_in_vllm(served: Served) -> None:
    long = {"temperature": 0, "max_tokens": 900, "ignore_eos": True}
    stream = served.engine.stream(GenerationRequest(PROMPT, served.base.name, long))
    await anext(stream)
    assert served.engine.in_flight == {served.base.name: 1}
    assert await running(served) == 1
    await stream.aclose()
    assert served.engine.in_flight == {}
    deadline = time.monotonic() + 2  # by itself it would go on for several seconds
    while await running(served):
        assert time.monotonic() < deadline, "vLLM still generates for a client that has gone"
        await asyncio.sleep(0.05)


async def test_a_cancelled_request_is_not_counted_any_more(served: Served) -> None:
    long = {"temperature": 0, "max_tokens": 900, "ignore_eos": True}
    task = asyncio.create_task(served.engine.generate(GenerationRequest(PROMPT, served.base.name, long)))
    await asyncio.sleep(0.3)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert served.engine.in_flight == {}
    assert [replica.in_flight for replica in served.engine.pool.replicas] == [0]


async def test_without_our_key_vllm_answers_nobody(served: Served) -> None:
    async with Engine([served.supervisor.url], served.base.name) as stranger:
        with pytest.raises(EngineUnavailable, match="key"):
            await stranger.generate(GenerationRequest(PROMPT, served.base.name, GREEDY))
        assert await stranger.troubles()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/load_lora_adapter"),
        ("POST", "/v1/unload_lora_adapter"),
        ("POST", "/adapters"),
        ("DELETE", "/adapters/support"),
        ("POST", "/invocations"),
        ("GET", "/v1/models"),
    ],
)
async def test_no_door_of_our_vllm_opens_without_the_key(served: Served, method: str, path: str) -> None:
    body = {"name": "x", "src": "/tmp", "lora_name": "x", "lora_path": "/tmp"}
    async with aiohttp.request(method, served.supervisor.url + path, json=body) as response:
        assert response.status == 401


async def test_a_server_with_another_model_is_not_ready_and_says_so(served: Served) -> None:
    async with Engine([served.supervisor.url], "other/model", api_key=served.supervisor.api_key) as engine:
        (trouble,) = await engine.troubles()
    assert served.base.name in trouble
    assert "CROSSOVER_BASE_MODEL" in trouble


async def test_a_server_that_is_down_gives_a_clear_error_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with Engine([url], "base") as engine:
            start = time.monotonic()
            with pytest.raises(EngineUnavailable, match="CROSSOVER_VLLM_URL"):
                await engine.generate(GenerationRequest(PROMPT, "base", GREEDY))
            assert time.monotonic() - start < 2
            assert engine.in_flight == {}


async def test_the_other_server_answers_while_one_is_down(served: Served) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        down = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with Engine([down, served.supervisor.url], served.base.name, api_key=served.supervisor.api_key) as engine:
            for _ in range(3):
                await engine.generate(GenerationRequest(PROMPT, served.base.name, GREEDY))
            assert [replica.failed_at is None for replica in engine.pool.replicas] == [False, True]
            loaded = await engine.loaded()
            assert loaded and loaded <= await served.engine.loaded()
            assert len(await engine.troubles()) == 1


@pytest.fixture
async def mute() -> AsyncIterator[str]:
    """The URL of a server that takes requests and never answers."""

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(ignore, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_server_that_never_answers_is_given_up_at_the_deadline(mute: str) -> None:
    async with Engine([mute, mute], "base", deadline=0.5) as engine:
        start = time.monotonic()
        with pytest.raises(EngineUnavailable, match=r"within 0\.5 s"):
            await engine.generate(GenerationRequest(PROMPT, "base", GREEDY))
        assert time.monotonic() - start < 2


async def running(served: Served) -> int:
    """Requests that vLLM works on, by its own count."""
    async with served.engine.pool.session.get(f"{served.supervisor.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("vllm:num_requests_running{"))
