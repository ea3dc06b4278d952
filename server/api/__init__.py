"""The HTTP API, one resource a file; each has a `router`, and answers come ready made from orjson."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from crossover.server.services import Services


def services_of(request: Request) -> Services:
    """The services of the running application."""
    services: Services = request.app.state.services
    return services


def json_response(body: Any, status: int = 200) -> Response:
    """A JSON answer; numbers of numpy are written as numbers."""
    return Response(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")
