"""Starts a vLLM, says where it is, and waits to be killed: python vllm_owner.py HOME MODEL KEY"""

from __future__ import annotations

import asyncio
import sys

from crossover.adapters.base_model import resolve
from crossover.server.engine.supervisor import Supervisor
from crossover.server.settings import Settings


async def main(home: str, model: str, key: str) -> None:
    arguments = "--kv-cache-memory-bytes 67108864 --dtype float32 --no-enable-prompt-embeds"  # a cache of 64 MiB
    supervisor = Supervisor(Settings(home=home, base_model=model, max_loras=1, vllm_args=arguments), resolve(model))
    supervisor.api_key = key
    async with supervisor:
        await supervisor.started()
        print(supervisor.url, supervisor.pid, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
