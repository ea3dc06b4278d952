"""The adapter endpoints of one vLLM server."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import orjson

from crossover.adapters.promotion import AdapterNotLoaded
from crossover.server.engine.completion import EngineUnavailable
from crossover.server.engine.pool import Pool, error_message
from crossover.server.engine.replicas import Replica


async def models(pool: Pool, replica: Replica) -> list[dict[str, Any]]:
    """What a server serves: vLLM's model cards (id, root, parent, max_model_len); adapters have a parent.

    Raises:
        EngineUnavailable: it does not answer.
    """
    try:
        async with pool.session.get(f"{replica.url}/v1/models") as response:
            text = await response.text()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise pool.lost(replica, error) from error
    if response.status != 200:
        raise EngineUnavailable(f"vLLM at {replica.url} does not list its models: {error_message(text)}")
    replica.failed_at = None
    return list(orjson.loads(text)["data"])


async def load(pool: Pool, replica: Replica, name: str, path: str) -> bool:
    """Load an adapter; False when the server had it already, which under an immutable name is the same.

    Raises:
        AdapterNotLoaded: names the server and the path.
        EngineUnavailable: the server does not answer.
    """
    status, text = await _post(pool, replica, "load_lora_adapter", {"lora_name": name, "lora_path": path})
    if status == 200:
        return True
    message = error_message(text)
    if status == 400 and "already been loaded" in message:
        return False
    if status == 404 and "lora" not in message.lower():
        raise AdapterNotLoaded(
            f"vLLM at {replica.url} takes no adapters while it runs: start it with --enable-lora and "
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
        )
    raise AdapterNotLoaded(
        f"vLLM at {replica.url} could not load {name} from {path}: {message} "
        "(CROSSOVER_VLLM_ADAPTER_ROOT says where that server sees the adapters folder)"
    )


async def load_on_all(pool: Pool, name: str, path: str) -> None:
    """Load an adapter on every server, or on none; raises as :func:`load`."""
    replicas = list(pool.replicas)
    outcomes = await asyncio.gather(*(load(pool, each, name, path) for each in replicas), return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if failures:
        new = [replica for replica, outcome in zip(replicas, outcomes, strict=True) if outcome is True]
        await asyncio.gather(*(unload(pool, replica, name) for replica in new), return_exceptions=True)
        raise failures[0]


async def load_on_any(pool: Pool, name: str, path: str) -> None:
    """Load an adapter wherever it can be: a server that is down gets it when it is asked again.

    Raises as :func:`load`, where no server took it.
    """
    outcomes = await asyncio.gather(*(load(pool, each, name, path) for each in pool.replicas), return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if len(failures) == len(outcomes):
        raise failures[0]


async def unload(pool: Pool, replica: Replica, name: str) -> None:
    """Unload an adapter; one that is not there is no error."""
    status, text = await _post(pool, replica, "unload_lora_adapter", {"lora_name": name})
    if status not in (200, 404):
        raise AdapterNotLoaded(f"vLLM at {replica.url} could not unload {name}: {error_message(text)}")


async def _post(pool: Pool, replica: Replica, call: str, body: dict[str, str]) -> tuple[int, str]:
    try:
        async with pool.session.post(f"{replica.url}/v1/{call}", data=orjson.dumps(body)) as response:
            return response.status, await response.text()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise pool.lost(replica, error) from error
