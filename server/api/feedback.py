"""POST /v1/feedback: an answer rated or corrected, kept for `crossover data from-feedback`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from crossover.adapters.feedback import Feedback, Rating, record
from crossover.server.api import json_response, read_as, services_of
from crossover.server.bodies import described
from crossover.server.errors import BadRequest
from crossover.server.request_log import note

router = APIRouter()


class FeedbackRequest(BaseModel):
    """The body of POST /v1/feedback: at least one of `rating` and `correction`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    answer_id: str
    rating: Rating | None = None
    correction: str | None = None
    choice: Annotated[int, Field(ge=0)] = 0


@router.post("/v1/feedback", openapi_extra=described(FeedbackRequest))
async def give_feedback(request: Request) -> Response:
    """What was recorded: the feedback with the question, answer, adapter and passages that it is about."""
    services = services_of(request)
    told = await read_as(FeedbackRequest, request)
    if told.rating is None and told.correction is None:
        raise BadRequest("rating: say 'good' or 'bad', or give a correction", "rating", "missing_required_parameter")
    correction = told.correction.strip() if told.correction is not None else None
    if correction == "":
        raise BadRequest("correction: the correction is empty; leave it out", "correction")
    given = services.given.get(told.answer_id)
    if told.choice >= len(given.texts):
        raise BadRequest(f"choice: there are {len(given.texts)}, counted from 0", "choice")
    feedback = Feedback(
        at=datetime.now(UTC),
        answer_id=told.answer_id,
        choice=told.choice,
        rating=told.rating,
        correction=correction,
        question=given.question.text,
        system=given.question.system,
        history=given.question.history,
        answer=given.texts[told.choice],
        model=given.model,
        strategy=given.trace["strategy"],
        adapter=given.trace["adapter"],
        sources=given.trace["sources"],
    )
    await asyncio.to_thread(record, services.settings.home, services.id, feedback)
    note(request, answer=told.answer_id, rating=told.rating)
    return json_response(feedback.model_dump(mode="json"), 201)
