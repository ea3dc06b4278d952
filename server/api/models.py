"""GET /v1/models: every name that `model` may have."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from crossover.server.api import json_response, services_of
from crossover.server.errors import ModelNotFound
from crossover.server.promoted import Promoted
from crossover.server.strategies import AUTO, NAMES, STRATEGIES

router = APIRouter()


@router.get("/v1/models")
async def list_models(request: Request) -> Response:
    """The strategies, and those with an adapter once more for each promoted alias."""
    return json_response({"object": "list", "data": _models(services_of(request).promoted)})


@router.get("/v1/models/{model}")
async def retrieve_model(model: str, request: Request) -> Response:
    """One of them."""
    for card in _models(services_of(request).promoted):
        if card["id"] == model:
            return json_response(card)
    raise ModelNotFound(f"model {model!r} does not exist: GET /v1/models lists those that do")


def _models(promoted: Promoted) -> list[dict[str, Any]]:
    cards = [_card(name, 0) for name in NAMES]
    for alias, version in promoted.all().items():
        trained = int(version.card.trained_at.timestamp())
        cards += [_card(f"{name}:{alias}", trained) for name in NAMES if name == AUTO or STRATEGIES[name].adapter]
    return cards


def _card(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": "crossover"}
