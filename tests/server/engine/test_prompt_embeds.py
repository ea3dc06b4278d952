"""P-tuned adapters in a running vLLM: answers as in PEFT, swapped like any other, and beside the others."""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path

import httpx
import pytest
from greedy import token_ids
from served import Served

from crossover.adapters.gate.trained_answers import peft_answers
from crossover.adapters.promotion import AdapterNotLoaded, promote, rollback
from crossover.server.engine.client import Engine, GenerationRequest
from crossover.server.engine.prompt_embeds import PromptEmbeds

COUNT = 8
PROMPT = [1, 5, 300, 400, 17, 260, 33, 91, 1200, 44]
GREEDY = {"temperature": 0, "max_tokens": 16, "ignore_eos": True}


def asked() -> list[list[int]]:
    """Random pieces: whatever stands in front, the reader refuses a question that it can read."""
    return [[1, *random.Random(n).choices(range(300, 3000), k=12)] for n in range(COUNT)]


async def test_answers_are_pefts_in_one_batch_with_the_base_model_and_lora(served: Served) -> None:
    tones, support = served.versions["tones"][0], served.versions["support"][0]
    prompts_ = asked()
    base, adapted, lora = ([(name, ids) for ids in prompts_]
                           for name in (served.base.name, tones.served_name, support.served_name))  # fmt: skip
    alone = await token_ids(served.engine, base, salt="embeds alone")
    lora_alone = await token_ids(served.engine, lora, salt="lora alone")
    together = [request for three in zip(base, adapted, lora, strict=True) for request in three]
    mixed = await token_ids(served.engine, together, salt="embeds mixed")
    assert mixed[::3] == alone and mixed[2::3] == lora_alone
    assert mixed[1::3] != alone, "the virtual tokens change nothing: the test would show nothing"
    path = {tones.served_name: tones.path}
    assert mixed[1::3] == await asyncio.to_thread(peft_answers, served.base.path, path, adapted, 12, "float32")


async def test_promotion_and_rollback_swap_its_versions(served: Served) -> None:
    first, second = served.versions["tones"]
    request = [(version.served_name, PROMPT) for version in (first, second)]
    before = await token_ids(served.engine, request)
    assert before[0] != before[1]
    assert await promote(served.registry, served.engine, "tones", second.digest) == second
    assert second.served_name in await served.engine.loaded()
    assert first.served_name not in await served.engine.loaded()
    assert await rollback(served.registry, served.engine, "tones") == first
    assert {first.served_name, served.versions["support"][0].served_name} <= await served.engine.loaded()
    assert await token_ids(served.engine, request) == before


async def test_a_promotion_waits_for_requests_under_way(served: Served) -> None:
    first, second = served.versions["tones"]
    long = GenerationRequest(PROMPT, first.served_name, {**GREEDY, "max_tokens": 150})
    under_way = asyncio.create_task(served.engine.generate(long))
    await asyncio.sleep(0.1)
    await promote(served.registry, served.engine, "tones", second.digest)
    assert under_way.done()
    await rollback(served.registry, served.engine, "tones")


async def test_streams_stops_seeds_choices_and_counts_are_as_for_token_prompts(served: Served) -> None:
    tones = served.versions["tones"][0]
    whole = await served.engine.generate(GenerationRequest(PROMPT, tones.served_name, GREEDY))
    assert (whole.prompt_tokens, whole.completion_tokens) == (len(PROMPT) + tones.virtual_tokens, 16)
    text = whole.choices[0].text
    pieces = [piece async for piece in served.engine.stream(GenerationRequest(PROMPT, tones.served_name, GREEDY))]
    assert "".join(choice.text for piece in pieces for choice in piece.choices) == text
    assert pieces[-1].prompt_tokens == whole.prompt_tokens
    stop = text[len(text) // 2 :][:3]
    stopped = await served.engine.generate(GenerationRequest(PROMPT, tones.served_name, {**GREEDY, "stop": [stop]}))
    assert stopped.choices[0].text == text[: text.index(stop)] and stopped.choices[0].finish_reason == "stop"
    drawn = {"temperature": 1.5, "max_tokens": 16, "seed": 7, "n": 2}
    twice = [await served.engine.generate(GenerationRequest(PROMPT, tones.served_name, drawn)) for _ in range(2)]
    first, second = ([choice.text for choice in completion.choices] for completion in twice)
    assert first == second and len(set(first)) == 2


async def test_tokens_that_cannot_be_read_change_nothing_and_are_named(served: Served, tmp_path: Path) -> None:
    first, second = served.versions["tones"]
    await served.engine.unload(second.served_name)
    weights = second.path / "adapter_model.safetensors"
    kept = shutil.copy(weights, tmp_path)
    weights.write_bytes(b"no weights")
    try:
        with pytest.raises(AdapterNotLoaded, match=str(second.path)):
            await promote(served.registry, served.engine, "tones", second.digest)
    finally:
        shutil.copy(kept, weights)
    assert served.registry.promoted_digest("tones") == first.digest


async def test_another_server_on_the_same_home_needs_to_load_nothing(served: Served) -> None:
    first = served.versions["tones"][0]
    async with Engine(
        [served.supervisor.url],
        served.base.name,
        api_key=served.supervisor.api_key,
        prompt_embeds=PromptEmbeds(served.registry, served.base),
    ) as another:
        assert first.served_name in await another.loaded()
        one, other = [await token_ids(engine, [(first.served_name, PROMPT)]) for engine in (served.engine, another)]
    assert one == other


async def test_nobody_without_the_key_can_send_embeddings(served: Served) -> None:
    embeds = await PromptEmbeds(served.registry, served.base).encode(served.versions["tones"][0].served_name, PROMPT)
    body = {"model": served.base.name, "prompt_embeds": embeds, "max_tokens": 1}
    url = f"{served.supervisor.url}/v1/completions"
    answer = await asyncio.to_thread(httpx.post, url, json=body, trust_env=False)
    assert answer.status_code == 401
