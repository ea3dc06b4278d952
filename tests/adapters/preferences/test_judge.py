"""Pairs by the word of a judge, over HTTP: a fair one, one that favours a place, one that says nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from crossover.adapters.preferences.asked import Asked
from crossover.adapters.preferences.endpoint import Asker, Endpoint
from crossover.adapters.preferences.judge import AnswerJudge
from crossover.adapters.preferences.sampling import SampleOptions, make_pairs

WHO = Asked("Who?")
ANSWERS = ["Anna Tovan of Velmora", "Anna Tovan", "Anna"]
Reply = Callable[[dict[str, Any]], list[str]]


@asynccontextmanager
async def served(reply: Reply) -> AsyncIterator[str]:
    """An OpenAI-compatible server with one model, which answers as told."""

    async def chat(request: web.Request) -> web.Response:
        body = await request.json()
        if body["model"] != "tiny":
            error = {"message": f"no model {body['model']}", "type": "x", "param": None, "code": "model_not_found"}
            return web.json_response({"error": error}, status=404)
        choices = [
            {"index": n, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            for n, text in enumerate(reply(body))
        ]
        return web.json_response({"id": "x", "object": "chat.completion", "created": 1, "model": "tiny",
                                  "choices": choices})  # fmt: skip

    async def models(_: web.Request) -> web.Response:
        data = [{"id": "tiny", "object": "model", "created": 1, "owned_by": "x"}]
        return web.json_response({"object": "list", "data": data})

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", chat), web.get("/v1/models", models)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def shorter(body: dict[str, Any]) -> list[str]:
    first, second = re.findall(r"Answer [AB]: (.*)", body["messages"][-1]["content"])
    return ["I think B" if len(second) < len(first) else "A."]


async def judged(reply: Reply) -> tuple[list[float], tuple[int, int, int]]:
    async with served(reply) as url, Asker(Endpoint(url, "", local=True), 4) as asker:
        judge = AnswerJudge(asker)
        scores = await judge.scores(WHO, ANSWERS)
        return scores, (judge.tally.comparisons, judge.tally.swayed, judge.tally.unreadable)


async def test_a_fair_judge_ranks_by_how_many_others_an_answer_beats() -> None:
    assert await judged(shorter) == ([0.0, 0.5, 1.0], (3, 0, 0))


async def test_a_judge_that_favours_a_place_decides_nothing() -> None:
    assert await judged(lambda _: ["A"]) == ([0.5, 0.5, 0.5], (3, 3, 0))


async def test_a_judge_without_a_verdict_decides_nothing_and_is_counted() -> None:
    assert await judged(lambda _: ["Neither of them."]) == ([0.5, 0.5, 0.5], (3, 0, 3))


async def test_pairs_come_in_the_order_of_the_questions_and_single_answers_are_asked_for_again() -> None:
    sampled = iter(ANSWERS * 4)
    seeds = []

    def one_at_a_time(body: dict[str, Any]) -> list[str]:
        if "Answer A" in body["messages"][-1]["content"]:
            return shorter(body)
        seeds.append(body["seed"])
        return [next(sampled)]

    questions = [Asked(f"Who {n}?", line=n) for n in range(2)]
    async with served(one_at_a_time) as url, Asker(Endpoint(url, "tiny", local=True), 1) as asker:
        made = await make_pairs(questions, asker, AnswerJudge(asker).scores, SampleOptions(answers=3, seed=0))
    assert [(pair.question, pair.chosen, pair.rejected) for pair in made.pairs] == [
        (asked.question, "Anna", "Anna Tovan of Velmora") for asked in questions
    ]
    assert seeds == [0, 1, 2, 3, 4, 5]


async def test_a_model_that_is_not_there_and_a_server_that_is_away_are_told() -> None:
    async with served(shorter) as url, Asker(Endpoint(url, "huge", local=True), 1) as asker:
        with pytest.raises(LookupError, match="no model huge"):
            await asker.answers(WHO.messages, 1)
    with pytest.raises(RuntimeError, match="Connection error"):
        async with Asker(Endpoint("http://127.0.0.1:9/v1", "", local=True), 1):
            pass
