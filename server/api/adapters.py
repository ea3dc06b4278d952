"""/v1/adapters: the versions of each alias, and which of them answers."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from crossover.adapters import promotion
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.server import gating
from crossover.server.api import json_response, read_as, services_of
from crossover.server.bodies import described
from crossover.server.source_changes import source_changes

router = APIRouter()


class PromoteRequest(BaseModel):
    """The body of a promotion: the version's digest, or its beginning; `force` promotes what the gate refuses."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: Annotated[str, Field(min_length=1)]
    force: bool = False


class GateRequest(BaseModel):
    """The body of a gate: the version's digest, or its beginning."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: Annotated[str, Field(min_length=1)]


@router.get("/v1/adapters")
async def list_adapters(request: Request) -> Response:
    """Every adapter with its versions, the oldest first, and the digest that is promoted."""
    rows = await asyncio.to_thread(_rows, services_of(request).registry)
    return json_response({"adapters": rows})


@router.get("/v1/adapters/{alias}/sources")
async def sources(alias: str, request: Request, version: str = "") -> Response:
    """What has become of the documents that a version was trained on; without `version`, the promoted one."""
    services = services_of(request)
    card = services.registry.resolve(f"{alias}@{version}" if version else alias).card
    found = await asyncio.to_thread(lambda: source_changes(card, services.index.version.chunks()))
    return json_response(asdict(found))


@router.post("/v1/adapters/{alias}/gate", openapi_extra=described(GateRequest))
async def gate(alias: str, request: Request) -> Response:
    """What the gate says of a version; nothing changes."""
    services = services_of(request)
    wanted = await read_as(GateRequest, request)
    verdict = await gating.gate(services, services.registry.resolve(f"{alias}@{wanted.version}"))
    return json_response(verdict.document())


@router.post("/v1/adapters/{alias}/promote", openapi_extra=described(PromoteRequest))
async def promote(alias: str, request: Request) -> Response:
    """Lets a version answer for its alias, once it has passed the gate, has been loaded and has answered."""
    services = services_of(request)
    wanted = await read_as(PromoteRequest, request)
    version = services.registry.resolve(f"{alias}@{wanted.version}")
    verdict = await gating.pass_gate(services, version, force=wanted.force)
    root = services.settings.vllm_adapter_root
    timings: dict[str, float] = {}
    await promotion.promote(services.registry, services.engine, alias, version.digest, root, timings.__setitem__)
    return json_response(_swapped(version, timings) | {"gate": verdict.document()})


@router.post("/v1/adapters/{alias}/rollback")
async def rollback(alias: str, request: Request) -> Response:
    """Lets the version from before answer again."""
    services = services_of(request)
    root = services.settings.vllm_adapter_root
    timings: dict[str, float] = {}
    version = await promotion.rollback(services.registry, services.engine, alias, root, timings.__setitem__)
    return json_response(_swapped(version, timings))


def _rows(registry: Registry) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "promoted": registry.promoted_digest(name),
            "versions": [_version(version) for version in registry.versions(name)],
        }
        for name in registry.names()
    ]


def _swapped(version: AdapterVersion, timings: dict[str, float]) -> dict[str, Any]:
    """What answers for the alias now, and the milliseconds of load, probe, flip and drain."""
    told = {"name": version.name, "promoted": version.digest, "served_name": version.served_name}
    return told | {"timings_ms": timings}


def _version(version: AdapterVersion) -> dict[str, Any]:
    card = version.card
    return {
        "digest": version.digest,
        "served_name": version.served_name,
        "method": card.method,
        "trained_at": card.trained_at.isoformat(),
        "examples": card.data.examples,
        "base_model": card.base_model,
    }
