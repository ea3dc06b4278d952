"""create_app(): the routes, the errors and the services behind them, as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from crossover.server.api import (
    adapters,
    chat,
    compare,
    documents,
    engine,
    feedback,
    health,
    json_response,
    models,
    pages,
    route,
    search,
)
from crossover.server.cross_site import OwnPagesOnly
from crossover.server.errors import BadRequest, body
from crossover.server.request_log import RequestLog
from crossover.server.services import Services, open_services
from crossover.server.settings import Settings, load


def create_app(settings: Settings | None = None, services: Services | None = None) -> FastAPI:
    """The application.

    Args:
        settings: how it shall run; None reads the environment.
        services: opened by the caller, who closes them too; None: opened at the start of the application.
    """
    settings = settings or load()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if services is not None:
            yield
            return
        async with open_services(settings) as app.state.services:
            yield

    # No pages of FastAPI's own: they load their scripts from elsewhere.
    app = FastAPI(
        title="Crossover",
        version=version("crossover"),
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    if services is not None:
        app.state.services = services
    for resource in (chat, models, search, compare, route, documents, adapters, engine, feedback, pages, health):
        app.include_router(resource.router)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(OwnPagesOnly)
    app.add_middleware(RequestLog, lines=settings.request_log)
    return app


async def _http_error(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, in OpenAI's shape too."""
    assert isinstance(error, HTTPException)
    message, code = {
        404: (f"there is nothing at {request.method} {request.url.path}", "not_found"),
        405: (f"{request.url.path} does not take {request.method}", "method_not_allowed"),
    }.get(error.status_code, (str(error.detail), "http_error"))
    told = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    response = json_response(told, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _invalid(_: Request, error: Exception) -> Response:
    """A parameter of a path or query that does not fit its type."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = str(first["loc"][-1])
    return json_response(body(BadRequest(f"{name}: {first['msg']}", name)), 400)
