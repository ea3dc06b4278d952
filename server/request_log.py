"""What goes around every request: its id, its line in the log, its place in the metrics, and its error if it fails."""

from __future__ import annotations

import logging
import re
import sys
import uuid
from time import perf_counter, time
from typing import Any

import orjson
from fastapi import Request
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossover.server.errors import body, is_fault, translate

logger = logging.getLogger(__name__)

CLIENT_GONE = 499
"""nginx's status for a request whose client left; nobody sees it but the log."""

# Asked every few seconds by whoever watches over the server: only their failures are worth a line.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_REQUESTS = Counter("crossover_requests_total", "Requests answered.", ["route", "status"])
_SECONDS = Histogram(
    "crossover_request_seconds",
    "Seconds until a request was answered whole.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
_ANSWERS = Counter("crossover_answers_total", "Answers by the strategy that gave them.", ["strategy"])
_TOKENS = Counter("crossover_generated_tokens_total", "Tokens generated.")


def note(request: Request, **facts: Any) -> None:
    """Adds facts to the request's log line; None is left out."""
    request.scope["facts"].update({name: fact for name, fact in facts.items() if fact is not None})


class RequestLog:
    """An ASGI middleware, the outermost of ours.

    Args:
        app: what it goes around.
        lines: whether each request gets a line on stderr.
    """

    def __init__(self, app: ASGIApp, *, lines: bool) -> None:
        self._app = app
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        request_id = _request_id(scope)
        scope["facts"] = facts = {}
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status, facts["error"] = CLIENT_GONE, "the client left before its request was whole"
        except Exception as error:
            if is_fault(error):
                logger.exception("request %s failed", request_id.decode())
            facts["error"] = str(error)
            if not status:
                await _send_error(error, send_with_id)
        finally:
            self._record(scope, request_id, status, perf_counter() - started)

    def _record(self, scope: Scope, request_id: bytes, status: int, seconds: float) -> None:
        facts = scope["facts"]
        # The path as it is declared: ids in it would make a time series each.
        route = getattr(scope.get("route"), "path", "other")
        _REQUESTS.labels(route, status).inc()
        _SECONDS.labels(route).observe(seconds)
        if "strategy" in facts:
            _ANSWERS.labels(facts["strategy"]).inc()
            _TOKENS.inc(facts.get("tokens", 0))
        if self._lines and not (status == 200 and scope["path"] in _PROBES):
            line = {
                "time": round(time(), 3),
                "request": request_id.decode(),
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round(seconds * 1000, 1),
                **facts,
            }
            sys.stderr.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            sys.stderr.buffer.flush()


def _request_id(scope: Scope) -> bytes:
    """The caller's own id where it is a sane one, so that both logs can be read together."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return bytes(given) if _GIVEN_ID.fullmatch(given) else b"req_" + uuid.uuid4().hex.encode()


async def _send_error(error: Exception, send: Send) -> None:
    row = translate(error)
    headers = [(b"content-type", b"application/json")]
    if row.status == 503:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": row.status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(body(error))})
