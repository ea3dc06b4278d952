"""Seeds on the CPU: prompts that a step holds only a part of, drawn from early, end nothing and change nothing."""

from __future__ import annotations

import asyncio

from served import Served

from crossover.server.engine.client import GenerationRequest

LONG, COUNT = 500, 10  # tokens, requests: together far more than the 2,048 tokens of a step


async def _drawn(served: Served, seed: int, salt: str) -> str:
    ids = [20 + (seed * 31 + n * 7) % 400 for n in range(LONG)]
    sampling = {"temperature": 1.5, "seed": seed, "max_tokens": 6, "ignore_eos": True, "cache_salt": salt}
    completion = await served.engine.generate(GenerationRequest(ids, served.base.name, sampling))
    return completion.choices[0].text


async def test_seeded_requests_at_once_say_what_each_says_alone(served: Served) -> None:
    together = await asyncio.gather(*(_drawn(served, seed, "together") for seed in range(COUNT)))
    alone = [await _drawn(served, seed, "alone") for seed in range(COUNT)]
    assert together == alone
    assert len(set(alone)) > 1
