"""The HTTP API, one resource a file; each has a `router`, and answers come ready made from orjson."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from crossover.server.bodies import parse_json, validate
from crossover.server.errors import BodyTooLarge
from crossover.server.request_log import CLIENT_GONE, note
from crossover.server.services import Services

T = TypeVar("T")
W = TypeVar("W", bound=BaseModel)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A question, or what is looked for, without the blanks around it."""


def services_of(request: Request) -> Services:
    """The services of the running application."""
    services: Services = request.app.state.services
    return services


async def read_body(request: Request) -> bytes:
    """The body of a request, never more of it in memory than the settings allow.

    Raises:
        BodyTooLarge: it is longer.
    """
    most = services_of(request).settings.max_body_mib << 20
    told = request.headers.get("content-length", "")
    body = bytearray()
    if told.isdecimal() and int(told) > most:
        raise BodyTooLarge(most)
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise BodyTooLarge(most)
    return bytes(body)


async def read_as(wire: type[W], request: Request) -> W:
    """The body of a request as its type.

    Raises:
        BodyTooLarge: see :func:`read_body`.
        BadRequest: it is no JSON object, or names the first field at fault.
    """
    return validate(wire, parse_json(await read_body(request)))


async def while_wanted(request: Request, answering: Awaitable[T]) -> T | None:
    """What is answered; None, and nothing is generated any more, once the client of a request has gone."""
    work = asyncio.ensure_future(answering)
    gone = asyncio.ensure_future(request.receive())  # the body has been read: nothing else can come
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        return await work if work.done() else None
    finally:
        work.cancel()
        gone.cancel()


def client_gone(request: Request) -> Response:
    """The answer that nobody waits for, for the log alone."""
    note(request, error="the client did not wait for its answer")
    return Response(status_code=CLIENT_GONE)


def json_response(body: Any, status: int = 200) -> Response:
    """A JSON answer; numbers of numpy are written as numbers."""
    return Response(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")
