"""Adapters in a running vLLM: promoted in two phases, rolled back, found again."""

from __future__ import annotations

import asyncio
import shutil
import socket
from pathlib import Path

import pytest
from served import Served

from crossover.adapters.promotion import AdapterNotLoaded, promote, reconcile, rollback
from crossover.adapters.registry import AdapterVersion
from crossover.server.engine.client import Engine, EngineUnavailable, GenerationRequest

PROMPT = [1, 5, 300, 400, 17, 260, 33, 91, 1200, 44]
GREEDY = {"temperature": 0, "max_tokens": 16, "ignore_eos": True}


async def answer(served: Served, version: AdapterVersion) -> str:
    completion = await served.engine.generate(GenerationRequest(PROMPT, version.served_name, GREEDY))
    return completion.choices[0].text


async def test_promotion_swaps_versions_and_rollback_swaps_them_back(served: Served) -> None:
    first, second = served.versions["support"]
    before = await answer(served, first)
    assert await promote(served.registry, served.engine, "support", second.digest) == second
    assert served.registry.promoted_digest("support") == second.digest
    assert second.served_name in await served.engine.loaded()
    assert first.served_name not in await served.engine.loaded()
    assert await answer(served, second) != before
    assert await rollback(served.registry, served.engine, "support") == first
    assert await answer(served, first) == before
    assert second.served_name not in await served.engine.loaded()


async def test_a_request_under_way_ends_with_the_version_it_began_with(served: Served) -> None:
    first, second = served.versions["support"]
    long = GenerationRequest(PROMPT, first.served_name, {**GREEDY, "max_tokens": 200})
    alone = (await served.engine.generate(long)).choices[0].text
    under_way = asyncio.create_task(served.engine.generate(long))
    await asyncio.sleep(0.1)
    await promote(served.registry, served.engine, "support", second.digest)
    assert under_way.done(), "the old version was unloaded under a running request"
    assert (await under_way).choices[0].text == alone
    await rollback(served.registry, served.engine, "support")


async def test_an_adapter_that_cannot_be_loaded_changes_nothing_and_is_named(served: Served, tmp_path: Path) -> None:
    first, second = served.versions["support"]
    weights = second.path / "adapter_model.safetensors"
    kept = shutil.copy(weights, tmp_path)
    weights.write_bytes(b"no weights")
    try:
        with pytest.raises(AdapterNotLoaded) as raised:
            await promote(served.registry, served.engine, "support", second.digest)
    finally:
        shutil.copy(kept, weights)
    assert str(second.path) in str(raised.value)
    assert served.supervisor.url in str(raised.value)
    assert served.registry.promoted_digest("support") == first.digest
    assert second.served_name not in await served.engine.loaded()
    assert await answer(served, first)


async def test_a_promotion_is_on_all_servers_or_on_none(served: Served) -> None:
    first, second = served.versions["support"]
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        urls = [served.supervisor.url, f"http://127.0.0.1:{unused.getsockname()[1]}"]
        async with Engine(urls, served.base.name, api_key=served.supervisor.api_key) as two:
            with pytest.raises(EngineUnavailable, match=urls[1]):
                await promote(served.registry, two, "support", second.digest)
    assert second.served_name not in await served.engine.loaded()
    assert served.registry.promoted_digest("support") == first.digest


async def test_an_unknown_version_is_a_lookup_error(served: Served) -> None:
    with pytest.raises(LookupError):
        await promote(served.registry, served.engine, "support", "000000000000")


async def test_reconciling_loads_what_is_promoted_and_missing(served: Served) -> None:
    first = served.versions["support"][0]
    await served.engine.unload(first.served_name)
    assert await reconcile(served.registry, served.engine) == {}
    assert first.served_name in await served.engine.loaded()


async def test_one_broken_adapter_does_not_keep_the_others_from_being_loaded(served: Served, tmp_path: Path) -> None:
    support, tickets = served.versions["support"][0], served.versions["tickets"][0]
    for version in (support, tickets):
        await served.engine.unload(version.served_name)
    hidden = shutil.move(support.path / "adapter_config.json", tmp_path / "adapter_config.json")
    try:
        failed = await reconcile(served.registry, served.engine)
    finally:
        shutil.move(hidden, support.path / "adapter_config.json")
    assert set(failed) == {support.served_name}
    assert tickets.served_name in await served.engine.loaded()
    assert await reconcile(served.registry, served.engine) == {}


async def test_an_adapter_that_vllm_lost_is_loaded_again_when_it_is_asked_for(served: Served) -> None:
    tickets = served.versions["tickets"][0]
    before = await answer(served, tickets)
    await served.engine.unload(tickets.served_name)
    assert await answer(served, tickets) == before


async def test_unloading_what_is_not_loaded_is_no_error(served: Served) -> None:
    await served.engine.unload("nobody@000000000000")
