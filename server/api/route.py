"""POST /v1/route: what `auto` would do with a question, and why; nothing is generated."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from crossover.server.api import Text, json_response, read_as, services_of
from crossover.server.bodies import described
from crossover.server.preparation import auto_adapter, views_of
from crossover.server.routing.extraction import depth
from crossover.server.routing.features import FEATURE_VERSION

router = APIRouter()


class RouteRequest(BaseModel):
    """The body of POST /v1/route."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: Text
    adapter: str | None = None
    cost_weight: Annotated[float, Field(ge=0, le=100)] | None = None


@router.post("/v1/route", openapi_extra=described(RouteRequest))
async def route(request: Request) -> Response:
    """Strategy, adapter, reason and estimates, with the features that they follow from, for each adapter."""
    services = services_of(request)
    asked = await read_as(RouteRequest, request)
    text = asked.question
    version = auto_adapter(asked.adapter, services)
    found = await services.search(text, depth(services.passages))
    views = await views_of(text, services, found, version, alone=asked.adapter is not None)
    chosen = services.router.route(views, cost_weight=asked.cost_weight)
    return json_response(
        {
            "question": text,
            "strategy": chosen.strategy,
            "adapter": chosen.adapter,
            "reason": chosen.reason,
            "router": chosen.trace,
            "decides": services.router.decides,
            "feature_version": FEATURE_VERSION,
            "features": [{**view.features.known(), "adapter": view.adapter} for view in views],
            "circumstances": services.router.circumstances.model_dump(),
        }
    )
