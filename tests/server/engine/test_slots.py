"""More adapters than slots, in a running vLLM that has two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest
from served import Served

from crossover.server.engine.client import Engine, GenerationRequest
from crossover.server.engine.slots import NoFreeSlot

PROMPT = [1, 5, 300, 400, 17, 260, 33, 91, 1200, 44]


def names(served: Served) -> list[str]:
    """Three adapters, where there are two slots."""
    versions = [version for versions in served.versions.values() for version in versions]
    return sorted(version.served_name for version in versions if not version.virtual_tokens)


@asynccontextmanager
async def sharing(served: Served, slots: int, pinned: Collection[str] = ()) -> AsyncIterator[Engine]:
    """An engine of its own on the same vLLM, which begins with no adapter and ends as it was."""
    for name in names(served):
        await served.engine.unload(name)
    async with Engine(
        [served.supervisor.url],
        served.base.name,
        api_key=served.supervisor.api_key,
        adapter_path=lambda name: served.registry.resolve(name).path,
        slots=slots,
        pinned=lambda: pinned,
        deadline=60,
    ) as engine:
        yield engine
    for name in names(served):
        await served.engine.unload(name)


async def text(engine: Engine, model: str, max_tokens: int = 12, seed: int = 0) -> str:
    sampling = {"temperature": 0, "max_tokens": max_tokens, "ignore_eos": True}
    return (await engine.generate(GenerationRequest([*PROMPT, seed + 50], model, sampling))).choices[0].text


async def test_each_of_many_requests_gets_the_adapter_it_asked_for_and_no_more_are_held_than_slots(
    served: Served,
) -> None:
    async with sharing(served, 1) as engine:
        alone = {(name, n): await text(engine, name, seed=n) for name in names(served) for n in range(4)}
        assert await engine.loaded() == {names(served)[-1]}
    assert len({alone[name, 0] for name in names(served)}) == 3
    async with sharing(served, 2) as engine:
        asked = [(name, n) for n in range(4) for name in names(served)] * 3
        answers = await asyncio.gather(*(text(engine, name, seed=n) for name, n in asked))
        assert answers == [alone[key] for key in asked]
        assert len(await engine.loaded()) == 2


async def test_the_least_recently_used_adapter_leaves(served: Served) -> None:
    first, second, third = names(served)
    async with sharing(served, 2) as engine:
        for name in (first, second, first, third):
            await text(engine, name)
        assert await engine.loaded() == {first, third}


async def test_a_pinned_adapter_stays_and_when_all_are_pinned_that_is_said(served: Served) -> None:
    first, second, third = names(served)
    async with sharing(served, 2, {first}) as engine:
        for name in (first, second, third, second):
            await text(engine, name)
        assert await engine.loaded() == {first, second}
    async with sharing(served, 2, {first, second}) as engine:
        await text(engine, first)
        await text(engine, second)
        with pytest.raises(NoFreeSlot, match="CROSSOVER_MAX_LORAS"):
            await text(engine, third)
        assert await text(engine, first)


async def test_an_adapter_stays_until_the_requests_under_way_have_ended_and_later_ones_do_not_hold_it(
    served: Served,
) -> None:
    first, second, _ = names(served)
    async with sharing(served, 1) as engine:
        whole = await text(engine, first, 150)
        long = asyncio.create_task(text(engine, first, 150))
        await asyncio.sleep(0.1)
        other = asyncio.create_task(text(engine, second))
        await asyncio.sleep(0.05)
        after = asyncio.create_task(text(engine, first, 150))
        await other
        assert long.done() and not after.done(), "whoever came later went first, or a request lost its adapter"
        assert await long == await after == whole


async def test_a_request_that_is_given_up_while_it_waits_leaves_everything_as_it_was(served: Served) -> None:
    first, second, _ = names(served)
    async with sharing(served, 1) as engine:
        long = asyncio.create_task(text(engine, first, 150))
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(text(engine, second))
        await asyncio.sleep(0.05)
        waiting.cancel()
        assert await long and await text(engine, first)
        assert await engine.loaded() == {first}


def test_pinned_adapters_are_the_first_to_get_the_slots() -> None:
    engine = Engine(["http://127.0.0.1:1"], "base", slots=2, pinned=lambda: {"c@1"})
    assert engine.fitting(["a@1", "b@1", "c@1"]) == ["c@1", "a@1"]
    assert Engine(["http://127.0.0.1:1"], "base").fitting(["a@1", "b@1"]) == ["a@1", "b@1"]
