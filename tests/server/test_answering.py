"""What becomes of an answer that is to be checked, above all when the strategy behind it cannot be asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from crossover.adapters.servable import NotServable
from crossover.server import answering
from crossover.server.answering import Answer, AnswerChoice
from crossover.server.engine.client import EngineRefused
from crossover.server.errors import ContextExceeded, is_fault, message_of
from crossover.server.preparation import Prepared
from crossover.server.protocol import Question, Target
from crossover.server.routing.choice import Option
from crossover.server.strategies import STRATEGIES


class Gone(LookupError):
    """The second strategy's adapter was deleted in between."""


FIRST = Answer(
    [AnswerChoice(0, "Anna Tovan", "stop")],
    20,
    3,
    {
        "strategy": "rag",
        "adapter": None,
        "router": {"by": "policy"},
        "timings_ms": {"route": 1.0, "retrieve": 7.0, "generate": 5.0},
    },
)
FAILURES = [
    Gone("no adapter is called tickets"),
    ContextExceeded("the question takes 900 tokens"),
    EngineRefused("logit_bias: no such token"),
    NotServable("tickets: trained on another base model"),
    KeyError("a fault of ours"),
]


class First:
    """A question as it is prepared for the first strategy, with another one behind it."""

    second = object()


@pytest.fixture(params=FAILURES)
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


async def test_the_first_answer_stays_where_the_second_strategy_cannot_be_asked(
    gone: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await answering.answer(None, None)  # type: ignore[arg-type]
    assert answer.choices == FIRST.choices
    assert answer.trace["router"]["checked"] == {"strategy": "rag", "failed": message_of(gone)}
    assert bool(caplog.records) == is_fault(gone)


async def test_so_it_does_in_a_stream(gone: Exception) -> None:
    pieces = [piece async for piece in answering.stream(None, None)]  # type: ignore[arg-type]
    assert [piece.choices for piece in pieces] == [FIRST.choices, []]
    assert pieces[-1].trace["router"]["checked"]["failed"] == message_of(gone)


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


async def test_the_times_of_both_strategies_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Doubting:
        option = Option("base", None, 0.9, 0.3)
        right = reason = is_worth_more = staticmethod(lambda _: 0.5)

    def prepared(**timings: float) -> Prepared:
        trace = {"router": {"by": "policy"}, "timings_ms": timings}
        return Prepared(STRATEGIES["rag"], None, (), None, {}, trace, (), Doubting())  # type: ignore[arg-type]

    async def prepare(*_: Any) -> Prepared:
        return prepared(route=0.5, retrieve=0.0)

    monkeypatch.setattr(answering, "prepare", prepare)
    again = await answering._second(Question(Target("auto"), "Who?"), prepared(), FIRST, None)  # type: ignore[arg-type]
    assert again is not None
    assert again.trace["timings_ms"] == {"route": 1.5, "retrieve": 7.0, "generate": 5.0}
