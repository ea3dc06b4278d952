"""Greedy answers of an engine, as token ids."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crossover.server.engine.client import Engine, GenerationRequest


async def token_ids(
    engine: Engine, requests: Sequence[tuple[str, list[int]]], *, max_tokens: int = 12, salt: str = "-"
) -> list[list[int]]:
    """The answers to (model, prompt) pairs, all asked at once; another salt shares no prefix cache."""
    sampling = {
        "temperature": 0,
        "max_tokens": max_tokens,
        "logprobs": 0,
        "return_tokens_as_token_ids": True,
        "cache_salt": salt,
    }
    asked = (engine.generate(GenerationRequest(ids, model, sampling)) for model, ids in requests)
    completions = await asyncio.gather(*asked)
    tokens = [(completion.choices[0].logprobs or {})["tokens"] for completion in completions]
    return [[int(token.removeprefix("token_id:")) for token in row] for row in tokens]
