"""The lock on every door of our own vLLM; loaded by vLLM itself (``--middleware``).

vLLM's own key guards /v1 and a few other paths, but its SageMaker routes load and unload adapters too
(POST /adapters, DELETE /adapters/NAME), and those stand open. Here every path wants the key but the two
that only tell how it is.
"""

from __future__ import annotations

import hmac
import os

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_OPEN = frozenset({"/health", "/metrics"})


class KeyGuard:
    """ASGI middleware: 401 without the bearer token in VLLM_API_KEY."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._wanted = f"Bearer {os.environ['VLLM_API_KEY']}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what has the key, or needs none."""
        if scope["type"] == "lifespan" or scope["path"] in _OPEN or self._has_key(scope):
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"error": {"message": "this vLLM belongs to a Crossover server"}}, 401)(
                scope, receive, send
            )

    def _has_key(self, scope: Scope) -> bool:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        return hmac.compare_digest(given, self._wanted)
