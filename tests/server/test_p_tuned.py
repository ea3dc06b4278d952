"""A P-tuned adapter through the server's own API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from crossover.adapters.base_model import resolve
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.bench.random_adapters import random_virtual_tokens, register

QUESTION: Any = [{"role": "user", "content": "Who runs the Velmora office?"}]


@pytest.fixture(scope="module")
def tones(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdapterVersion]:
    """A promoted version; nothing of it stays."""
    base = resolve(None)
    registry = Registry(server.home, base_fingerprint=base.fingerprint)
    folder: Path = random_virtual_tokens(base, tmp_path_factory.mktemp("random") / "tones", seed=3)
    version = register(registry, base, "tones", folder)
    body = {"version": version.digest}
    promoted = httpx.post(f"{server.url}/v1/adapters/tones/promote", json=body, timeout=120, trust_env=False)
    assert promoted.json()["promoted"] == version.digest
    yield version
    registry.delete("tones")


def test_it_answers_by_its_alias_and_its_virtual_tokens_are_counted_once(
    client: openai.OpenAI, tones: AdapterVersion
) -> None:
    base = client.chat.completions.create(model="base", messages=QUESTION)
    whole = client.chat.completions.create(model="finetune:tones", messages=QUESTION)
    assert whole.usage and base.usage
    assert whole.usage.prompt_tokens == base.usage.prompt_tokens + tones.virtual_tokens
    assert whole.to_dict()["crossover"]["adapter"] == tones.served_name  # type: ignore[index]
    chunks = list(client.chat.completions.create(model="finetune:tones", messages=QUESTION, stream=True))
    told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert told == whole.choices[0].message.content


def test_the_budget_leaves_room_for_its_virtual_tokens(server: Any, tones: AdapterVersion) -> None:
    def status(room: int) -> int:
        body = {"model": "finetune:tones", "messages": QUESTION, "max_tokens": room}
        return httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=120, trust_env=False).status_code

    ask = {"model": "base", "messages": QUESTION, "max_tokens": 1}
    base = httpx.post(f"{server.url}/v1/chat/completions", json=ask, timeout=120, trust_env=False).json()
    room = 1024 - base["usage"]["prompt_tokens"] - tones.virtual_tokens
    assert (status(room), status(room + 1)) == (200, 400)


def test_the_server_is_ready_with_it(server: Any, tones: AdapterVersion) -> None:
    assert httpx.get(f"{server.url}/readyz", timeout=30, trust_env=False).json()["adapters"] == "ok"
