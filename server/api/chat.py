"""POST /v1/chat/completions: OpenAI's protocol, whole answers and streams."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from crossover.server.answering import Answer, answer, stream
from crossover.server.api import client_gone, json_response, read_body, services_of, while_wanted
from crossover.server.bodies import described
from crossover.server.errors import body, is_fault
from crossover.server.protocol import ChatRequest, parse_chat, question_of
from crossover.server.request_log import note
from crossover.server.wire import Chunks, chat_completion

router = APIRouter()
logger = logging.getLogger(__name__)


@router.post("/v1/chat/completions", openapi_extra=described(ChatRequest))
async def create_chat_completion(request: Request) -> Response:
    """An answer by the strategy that `model` names, with its sources in `crossover`."""
    services = services_of(request)
    chat = parse_chat(await read_body(request))
    question = question_of(chat)
    note(request, model=chat.model, user=chat.user or chat.safety_identifier, metadata=chat.metadata)
    if not chat.stream:
        result = await while_wanted(request, answer(question, services))
        if result is None:
            return client_gone(request)
        _note(request, result)
        told = chat_completion(result, chat.model, services.fingerprint)
        texts = [choice.text for choice in result.choices]
        services.given.remember(told["id"], chat.model, question, texts, result.trace)
        return json_response(told)
    pieces = stream(question, services)
    # What fails before the first piece still gets its proper status.
    first = await while_wanted(request, anext(pieces))
    if first is None:
        return client_gone(request)
    chunks = Chunks(chat.model, services.fingerprint, with_usage=_with_usage(chat))
    remember = partial(services.given.remember, chunks.id, chat.model, question)
    return StreamingResponse(
        _events(first, pieces, chunks, request, remember, with_usage=_with_usage(chat)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _with_usage(chat: ChatRequest) -> bool:
    return chat.stream_options is not None and chat.stream_options.include_usage


async def _events(
    first: Answer,
    pieces: AsyncGenerator[Answer, None],
    chunks: Chunks,
    request: Request,
    remember: Callable[[Sequence[str], dict[str, Any]], None],
    *,
    with_usage: bool,
) -> AsyncIterator[bytes]:
    """Server-sent events: roles, deltas, ends, counts; the last chunk before [DONE] carries `crossover`."""
    texts: dict[int, str] = {}  # of each choice that has begun
    held: dict[str, Any] | None = None  # the last end of a choice: it may turn out to be the last chunk
    piece = first
    try:
        async with aclosing(pieces):
            while piece.choices:
                for choice in piece.choices:
                    if choice.index not in texts:
                        texts[choice.index] = ""
                        yield _event(chunks.role(choice.index))
                    texts[choice.index] += choice.text
                    for delta in chunks.deltas(choice):
                        yield _event(delta)
                    if choice.finish_reason:
                        if held:
                            yield _event(held)
                        held = chunks.finish(choice.index, choice.finish_reason)
                piece = await anext(pieces)
            last = held or {}
            if with_usage:
                yield _event(last)
                last = chunks.counts(piece.prompt_tokens, piece.completion_tokens)
            remember([texts[index] for index in sorted(texts)], piece.trace)
            yield _event({**last, "crossover": piece.trace})
            _note(request, piece)
    except Exception as error:
        # The status is out already: an error event ends the stream, so that no client waits or takes half for whole.
        note(request, error=str(error))
        if is_fault(error):
            logger.exception("a stream broke off")
        yield _event(body(error))
    yield b"data: [DONE]\n\n"


def _note(request: Request, last: Answer) -> None:
    shadow = last.trace.get("router", {}).get("shadow")
    note(request, strategy=last.trace["strategy"], tokens=last.completion_tokens, shadow=shadow)


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"
