"""The client of a run against a server that is busy, slow or at fault, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from openai_server import completion, openai_server

from crossover.eval.client import AskRefused, Client, ServerUnavailable

_BODY: dict[str, Any] = {"model": "rag", "messages": []}


class Busy:
    """A server that gives these statuses first, and answers from then on; `seconds` is what its first reply takes."""

    def __init__(self, *statuses: int, seconds: float = 0.0) -> None:
        self.statuses = list(statuses)
        self.seconds = seconds
        self.asked = 0

    def __call__(self, headers: Mapping[str, str], body: dict[str, Any] | None) -> tuple[int, Any]:
        self.asked += 1
        if self.asked == 1:
            time.sleep(self.seconds)
        status = self.statuses.pop(0) if self.statuses else 200
        return status, completion("Ada") if status == 200 else {"error": {"message": f"trouble {status}"}}


@pytest.mark.parametrize("status", [408, 429, 500, 503, 520, 529])
async def test_trouble_that_may_pass_is_asked_again(status: int) -> None:
    busy = Busy(status)
    with openai_server(busy) as url:
        async with Client(url, api=url, patience=20) as client:
            assert (await client.chat(_BODY))["choices"][0]["message"]["content"] == "Ada"
    assert busy.asked == 2


@pytest.mark.parametrize("status", [400, 501, 507])
async def test_what_waiting_does_not_mend_is_refused_at_once(status: int) -> None:
    busy = Busy(status)
    with openai_server(busy) as url:
        async with Client(url, api=url, patience=20) as client:
            with pytest.raises(AskRefused, match=f"trouble {status}"):
                await client.chat(_BODY)
    assert busy.asked == 1


@pytest.mark.parametrize(("status", "error"), [(500, AskRefused), (529, ServerUnavailable)])
async def test_a_fault_that_stays_is_of_the_question_and_other_trouble_of_the_server(
    status: int, error: type[Exception]
) -> None:
    with openai_server(Busy(*[status] * 99)) as url:
        async with Client(url, api=url, patience=0.6) as client:
            with pytest.raises(error, match=f"trouble {status}"):
                await client.chat(_BODY)


async def test_after_a_reply_that_took_too_long_there_is_time_to_ask_again() -> None:
    busy = Busy(seconds=3)
    with openai_server(busy) as url:
        async with Client(url, api=url, timeout=1.5, patience=0.5) as client:
            assert (await client.chat(_BODY))["choices"]
    assert busy.asked == 2
