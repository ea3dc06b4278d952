"""/healthz (alive), /readyz (able to answer, or what is missing), /metrics (Prometheus)."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from crossover.server.api import json_response, services_of
from crossover.server.services import Services

router = APIRouter()


@router.get("/healthz")
async def healthz(request: Request) -> Response:
    """That the server is alive, and which one it is."""
    return json_response({"status": "ok", "id": services_of(request).id})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """200 when model, index and adapters can be used, else 503; each says "ok" or what is wrong with it."""
    services = services_of(request)
    model, index = await asyncio.gather(_model(services), _index(services))
    adapters = await _adapters(services) if model == "ok" else "waiting for the model"
    parts = {"model": model, "index": index, "adapters": adapters}
    ready = all(state == "ok" for state in parts.values())
    # Without a policy that fits, `auto` goes by the rules: told, and no reason not to be ready.
    router, stream = await asyncio.to_thread(lambda: (services.router.state, services.router.stream))
    return json_response({"ready": ready, **parts, "router": router, "questions": stream}, 200 if ready else 503)


@router.get("/metrics")
async def metrics() -> Response:
    """Counters and times in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _model(services: Services) -> str:
    troubles = await services.engine.troubles()
    # While one server is down, the others answer.
    return "; ".join(troubles) if len(troubles) >= len(services.engine.pool.replicas) else "ok"


async def _index(services: Services) -> str:
    try:
        await asyncio.to_thread(services.index.check)
    except Exception as error:  # whatever it is, it is the answer
        return str(error) or type(error).__name__
    return "ok"


async def _adapters(services: Services) -> str:
    try:
        missing = await services.missing_adapters()
    except (RuntimeError, ValueError) as error:
        return str(error)
    return f"not loaded yet: {', '.join(sorted(missing))}" if missing else "ok"
