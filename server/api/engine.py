"""/v1/engine: our own vLLM out of the way for a while, and back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from crossover.server.api import json_response, read_as, services_of
from crossover.server.bodies import described

router = APIRouter()


class PauseRequest(BaseModel):
    """The body of a pause: how long it lasts unless it is prolonged by another one or ended before."""

    model_config = ConfigDict(extra="forbid", strict=True)

    seconds: Annotated[float, Field(gt=0, le=3600)]


@router.post("/v1/engine/pause", openapi_extra=described(PauseRequest))
async def pause(request: Request) -> Response:
    """Frees the device of our own vLLM; what is asked meanwhile gets 503 with Retry-After."""
    wanted = await read_as(PauseRequest, request)
    await services_of(request).pausing.pause(wanted.seconds)
    return json_response({"paused": True, "seconds": wanted.seconds})


@router.post("/v1/engine/resume")
async def resume(request: Request) -> Response:
    """Ends a pause; answers when vLLM does."""
    await services_of(request).pausing.resume()
    return json_response({"paused": False})
