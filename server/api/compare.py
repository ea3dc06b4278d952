"""POST /v1/compare: one question, all strategies side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from crossover.indexer.document import Passage
from crossover.server.answering import answer
from crossover.server.api import Text, client_gone, json_response, read_as, services_of, while_wanted
from crossover.server.bodies import described
from crossover.server.errors import body, is_fault
from crossover.server.protocol import Question, Target, parse_model
from crossover.server.routing.extraction import depth
from crossover.server.services import Services
from crossover.server.strategies import AUTO, NAMES, STRATEGIES
from crossover.server.wire import THOUGHTS, new_id

router = APIRouter()


class CompareRequest(BaseModel):
    """The body of POST /v1/compare; without `strategies` all of them answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: Text
    strategies: Annotated[list[str], Field(min_length=1)] = list(NAMES)
    adapter: str | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    seed: int | None = None


@router.post("/v1/compare", openapi_extra=described(CompareRequest))
async def compare(request: Request) -> Response:
    """The answers in the order of the strategies; one that cannot answer carries an `error` instead."""
    services = services_of(request)
    wanted = await read_as(CompareRequest, request)
    text = wanted.question
    targets = [_target(name, wanted.adapter) for name in dict.fromkeys(wanted.strategies)]
    sampling = {} if wanted.seed is None else {"seed": wanted.seed}
    found = await services.search(text, depth(services.passages))
    questions = [Question(target, text, max_tokens=wanted.max_tokens, sampling=sampling) for target in targets]
    answering = asyncio.gather(*(_answer(question, services, found) for question in questions))
    answers = await while_wanted(request, answering)
    if answers is None:
        return client_gone(request)
    return json_response({"question": text, "answers": answers})


def _target(name: str, adapter: str | None) -> Target:
    target = parse_model(name)
    takes_adapter = target.strategy == AUTO or STRATEGIES[target.strategy].adapter
    return Target(target.strategy, target.adapter or (adapter if takes_adapter else None))


async def _answer(question: Question, services: Services, found: Sequence[Passage]) -> dict[str, Any]:
    row: dict[str, Any] = {"model": str(question.target), "strategy": question.target.strategy}
    try:
        result = await answer(question, services, found)
    except Exception as error:
        if is_fault(error):
            raise
        return row | body(error)
    usage = {"prompt_tokens": result.prompt_tokens, "completion_tokens": result.completion_tokens}
    [choice], answer_id = result.choices, new_id()
    services.given.remember(answer_id, str(question.target), question, [choice.text], result.trace)
    thought = {THOUGHTS: thoughts} if (thoughts := choice.thoughts.strip()) else {}
    return row | {"id": answer_id, "answer": choice.text, **thought, "usage": usage, "crossover": result.trace}
