"""A model that thinks before it answers: its thoughts come apart from the answer, whole and in a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from crossover.adapters.base_model import resolve
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.registry import Registry
from crossover.adapters.training.lora import TrainOptions, train

QUESTION: Any = {"role": "user", "content": "Who locks the Oramel gate?"}
THOUGHT, SAID = "it is the guard", "Ivan Korel"


@pytest.fixture(scope="module")
def thinker(server: Any) -> Iterator[str]:
    """The model name of an adapter that has learnt to think first; nothing of it stays."""
    base = resolve(None)
    registry = Registry(server.home, base_fingerprint=base.fingerprint)
    data = DataSet("thinker", (Example(QUESTION["content"], f"<think>{THOUGHT}</think>{SAID}"),))
    version = train(data, TrainOptions(name="thinker", epochs=60, rank=8, batch=2), base, registry)
    url = f"{server.url}/v1/adapters/thinker"
    promoted = httpx.post(f"{url}/promote", json={"version": version.digest}, timeout=120, trust_env=False)
    assert promoted.json()["promoted"] == version.digest
    yield "finetune:thinker"
    registry.delete("thinker")


def test_what_it_thinks_is_no_part_of_the_answer(client: openai.OpenAI, thinker: str) -> None:
    answer = client.chat.completions.create(model=thinker, messages=[QUESTION], max_tokens=40)
    message = answer.choices[0].message
    assert message.content == SAID
    assert message.reasoning_content == THOUGHT
    again = [QUESTION, message.model_dump(exclude_none=True), QUESTION]
    assert client.chat.completions.create(model=thinker, messages=again, max_tokens=1).choices


def test_log_probabilities_are_those_of_the_answer(client: openai.OpenAI, thinker: str) -> None:
    answer = client.chat.completions.create(model=thinker, messages=[QUESTION], max_tokens=40, logprobs=True)
    content = answer.choices[0].logprobs.content  # type: ignore[union-attr]
    assert "".join(entry.token for entry in content or []).strip() == SAID


def test_a_stream_tells_them_apart_too(client: openai.OpenAI, thinker: str) -> None:
    chunks = client.chat.completions.create(model=thinker, messages=[QUESTION], max_tokens=40, stream=True)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == SAID
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == THOUGHT
