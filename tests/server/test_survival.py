"""The engine may be killed at any moment: clean errors, never a hang, and full service again by itself."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import psutil

QUESTION = "Who runs the Velmora office?"
MODELS = ("base", "rag", "finetune:support", "hybrid:tickets")
PATIENCE_SECONDS = 180


def engine_processes(server: Any) -> list[psutil.Process]:
    """vLLM's own processes below the server."""
    below = psutil.Process(server.process.pid).children(recursive=True)
    return [process for process in below if "vllm" in " ".join(process.cmdline()).lower()]


async def ask(http: httpx.AsyncClient, model: str, *, stream: bool = False) -> tuple[int, Any]:
    """Status and answer; of a stream, its events."""
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 64, "stream": stream}
    answer = await http.post("/v1/chat/completions", json=body)
    if not stream or answer.status_code != 200:
        return answer.status_code, answer.json()
    events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    return answer.status_code, [json.loads(event) for event in events[:-1]]


async def test_a_killed_engine_gives_clean_errors_and_comes_back_with_its_adapters(server: Any) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=90, trust_env=False) as http:
        before = {model: (await ask(http, model))[1]["choices"][0]["message"]["content"] for model in MODELS}
        load = [asyncio.create_task(ask(http, MODELS[n % 4], stream=n % 2 == 0)) for n in range(200)]
        await asyncio.sleep(0.3)
        for process in engine_processes(server):
            process.kill()
        killed = time.monotonic()
        outcomes = await asyncio.gather(*load)
        assert time.monotonic() - killed < 30
        for status, told in outcomes:
            assert status in (200, 503)
            if status == 503:
                assert told["error"]["code"] == "engine_unavailable"
                assert told["error"]["type"] == "server_error"
            elif isinstance(told, list) and "error" in told[-1]:
                assert told[-1]["error"]["code"] == "engine_unavailable"
        assert any(
            status == 503 or "error" in told[-1] for status, told in outcomes if status == 503 or isinstance(told, list)
        )

        status, told = await ask(http, "base")
        assert status == 503 and "try again" in told["error"]["message"]
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503

        while (await http.get("/readyz")).status_code != 200:
            assert time.monotonic() - killed < PATIENCE_SECONDS
            await asyncio.sleep(0.5)
        after = {model: (await ask(http, model))[1]["choices"][0]["message"]["content"] for model in MODELS}
    assert after == before
