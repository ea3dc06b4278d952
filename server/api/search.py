"""GET /v1/search: passages alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from crossover.indexer.filters import parse_filter
from crossover.server.api import Text, json_response, services_of
from crossover.server.errors import BadRequest

router = APIRouter()
_ANY: list[str] = []


@router.get("/v1/search")
async def search(
    request: Request,
    q: Annotated[Text, Query(description="What to look for.")],
    k: Annotated[int, Query(ge=1, le=100, description="How many passages.")] = 5,
    source: Annotated[list[str], Query(description="Only documents of this id or source; * is anything.")] = _ANY,
    where: Annotated[list[str], Query(description="Only documents with this metadata: KEY=VALUE.")] = _ANY,
    explain: Annotated[bool, Query(description="Add the trace of every stage.")] = False,
) -> Response:
    """The k passages that fit best, numbered from 1, each with its document, score and text."""
    try:
        only = parse_filter(source, where)
    except ValueError as error:
        raise BadRequest(str(error), "where") from error
    services = services_of(request)
    trace = await services.explain(q, k, only) if explain else None
    passages = trace.passages if trace else await services.search(q, k, only)
    numbered = [{"n": n, **asdict(passage)} for n, passage in enumerate(passages, start=1)]
    return json_response({"query": q, "passages": numbered, **({"trace": asdict(trace)} if trace else {})})
