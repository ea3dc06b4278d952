"""Pages of other sites may not change anything here: a browser lets them send simple requests without asking first."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from crossover.server.errors import CrossSite

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class OwnPagesOnly:
    """An ASGI middleware that refuses what a page of another site could send without a preflight.

    A body of JSON that is said to be JSON needs one, and so comes only from where the site's owner lets it come from.

    Args:
        app: what it goes around.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _READING:
            headers = dict(scope["headers"])
            origin, kind = headers.get(b"origin"), headers.get(b"content-type", b"")
            elsewhere = origin is not None and origin.partition(b"://")[2] != headers.get(b"host")
            if elsewhere and not kind.lower().startswith(b"application/json"):
                raise CrossSite("a page of another site may not change anything here, unless it sends application/json")
        await self._app(scope, receive, send)
