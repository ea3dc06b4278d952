"""What becomes of an answer that is to be checked when the strategy behind it cannot be asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from crossover.server import answering
from crossover.server.answering import Answer, AnswerChoice
from crossover.server.errors import ContextExceeded

FIRST = Answer(
    [AnswerChoice(0, "Anna Tovan", "stop")],
    20,
    3,
    {"strategy": "rag", "adapter": None, "router": {"by": "policy"}, "timings_ms": {"generate": 5.0}},
)


class Gone(LookupError):
    """The second strategy's adapter was deleted in between."""


class First:
    """A question as it is prepared for the first strategy, with another one behind it."""

    second = object()


@pytest.fixture(params=[Gone("no adapter is called tickets"), ContextExceeded("the question takes 900 tokens")])
def gone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Exception:
    async def prepare(*_: Any) -> First:
        return First()

    async def whole(*_: Any) -> Answer:
        return FIRST

    async def second(*_: Any) -> None:
        raise error

    error: Exception = request.param
    monkeypatch.setattr(answering, "prepare", prepare)
    monkeypatch.setattr(answering, "_whole", whole)
    monkeypatch.setattr(answering, "_second", second)
    return error


async def test_the_first_answer_stays_where_the_second_strategy_cannot_be_asked(gone: Exception) -> None:
    answer = await answering.answer(None, None)  # type: ignore[arg-type]
    assert answer.choices == FIRST.choices
    assert answer.trace["router"]["checked"] == {"strategy": "rag", "failed": str(gone)}


async def test_so_it_does_in_a_stream(gone: Exception) -> None:
    pieces = [piece async for piece in answering.stream(None, None)]  # type: ignore[arg-type]
    assert [piece.choices for piece in pieces] == [FIRST.choices, []]
    assert pieces[-1].trace["router"]["checked"]["failed"] == str(gone)


@pytest.mark.usefixtures("gone")
async def test_and_where_the_second_one_was_asked_and_its_answer_never_began(monkeypatch: pytest.MonkeyPatch) -> None:
    async def second(*_: Any) -> First:
        return First()

    async def generated(*_: Any) -> AsyncGenerator[Answer, None]:
        raise Gone("no slot is free")
        yield FIRST

    monkeypatch.setattr(answering, "_second", second)
    monkeypatch.setattr(answering, "_generated", generated)
    pieces = [piece async for piece in answering.stream(None, None)]  # type: ignore[arg-type]
    assert [piece.choices for piece in pieces] == [FIRST.choices, []]
    assert pieces[-1].trace["router"]["checked"]["failed"] == "no slot is free"
