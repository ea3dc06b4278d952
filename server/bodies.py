"""The body of a request: JSON, then the type that it should have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from crossover.server.errors import BadRequest

W = TypeVar("W", bound=BaseModel)

_CODES = {"missing": "missing_required_parameter", "extra_forbidden": "unknown_parameter"}


def parse_json(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        BadRequest: the body holds no JSON object.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not valid JSON: {error}", code="invalid_json") from error
    if not isinstance(body, dict):
        raise BadRequest(f"the body must be a JSON object, not {type(body).__name__}", code="invalid_json")
    return body


def validate(wire: type[W], body: Mapping[str, Any]) -> W:
    """The body as its type.

    Raises:
        BadRequest: names the first field at fault.
    """
    try:
        return wire.model_validate(body)
    except ValidationError as error:
        # Unions report every branch; the branch that went deepest is the one that was meant.
        worst = max(error.errors(include_url=False), key=lambda item: len(item["loc"]))
        known = [part for part in worst["loc"] if isinstance(part, int) or _is_name(part)]
        param = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in known).lstrip(".")
        what = "not supported; leave it out" if worst["type"] == "extra_forbidden" else worst["msg"]
        raise BadRequest(f"{param}: {what}", param, _CODES.get(worst["type"], "invalid_value")) from error


def described(wire: type[BaseModel]) -> dict[str, Any]:
    """What a route's `openapi_extra` says of the body it takes."""
    content = {"application/json": {"schema": wire.model_json_schema()}}
    return {"requestBody": {"content": content, "required": True}}


def _is_name(part: str) -> bool:
    # pydantic puts the branch of a union into the place, as "list[TextPart]" or "constrained-str"
    return part.replace("_", "").isalnum() and part not in ("str", "list")
