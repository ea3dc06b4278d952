"""Runs against a scripted server: what is refused costs its own answer and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from openai_server import completion, openai_server
from scripted_endpoint import ScriptedEndpoint, answering

from crossover.adapters.prompt import Prompts
from crossover.eval import scoring
from crossover.eval.arms import resolve
from crossover.eval.client import Client, ServerState
from crossover.eval.external import ExternalArm, connect, parse
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.run_log import read
from crossover.eval.runs import ArmRefused, AskOptions, ask, run_name

ASKED = QuestionSet("q", tuple(Question(f"q{n}", f"Who is {n}?", ("Ada",), "all", f"{n}", ("a.md",)) for n in range(5)))
GREEDY = AskOptions()
STATE = ServerState("fp", {}, "d", "r")
_NUMBERS = {"passages": 3, "few_shot": 3, "rag_examples": 0}
_NAMES = ("base_model", "base_fingerprint", "chat_template", "prompts", "embedding_model")


class Server:
    """A server of ours, as far as runs ask it: it refuses fine-tuned arms, and questions and searches that it is told.

    Args:
        fails: by question the status of its answer.
        searches: whether it answers searches, and tells what the router sees.
    """

    def __init__(self, fails: Mapping[str, int] | None = None, *, searches: bool = True) -> None:
        self.fails = fails or {}
        self.searches = searches
        self.asked: list[str] = []

    def __call__(self, headers: Mapping[str, str], body: dict[str, Any] | None) -> tuple[int, Any]:
        if body is None:
            return (200, {"passages": [{"document": "a.md"}]}) if self.searches else (400, _error("no such query"))
        if "question" in body:
            if not self.searches and body["question"] != "Hello":
                return 400, _error("no such question")
            circumstances = {**dict.fromkeys(_NAMES, "x"), **_NUMBERS}
            return 200, {"features": [{"adapter": None}], "circumstances": circumstances}
        if body["model"] == "finetune":
            return 409, _error("no adapter is promoted")
        question = body["messages"][-1]["content"]
        self.asked.append(question)
        status = self.fails.get(question, 200)
        return status, completion("Ada") if status == 200 else _error("failed")


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message}}


async def run(
    server: Server,
    folder: Path,
    strategies: Sequence[str],
    state: ServerState = STATE,
    options: AskOptions = GREEDY,
    external: Sequence[ExternalArm] = (),
) -> None:
    with openai_server(server) as url:
        async with Client(url.removesuffix("/v1"), patience=0.4) as client:
            await ask(ASKED, resolve(strategies), folder, client, state, options, lambda name: None, external)


async def test_an_arm_that_was_refused_keeps_no_report_from_the_others(tmp_path: Path) -> None:
    with pytest.raises(ArmRefused, match="finetune: no adapter is promoted"):
        await run(Server(), tmp_path, ["rag", "finetune"])
    await run(Server(), tmp_path, ["rag"])
    assert [run.arm for run in scoring.load([tmp_path]).runs] == ["rag"]
    with pytest.raises(ArmRefused):  # an adapter is there by now: nothing was answered with the former state
        await run(Server(), tmp_path, ["finetune"], ServerState("fp", {"a": "1"}, "d", "r"))


async def test_a_refused_search_leaves_the_answers_and_is_tried_again(tmp_path: Path) -> None:
    await run(Server(searches=False), tmp_path, ["rag"])
    found = scoring.load([tmp_path])
    assert (list(found.run("rag").exact), found.retrieved) == ([1.0] * 5, {})
    await run(Server(), tmp_path, ["rag"])
    assert len(scoring.load([tmp_path]).retrieved) == 5


async def test_a_fault_of_the_server_is_asked_again_and_a_refusal_is_not(tmp_path: Path) -> None:
    await run(Server({"Who is 1?": 500, "Who is 2?": 400}), tmp_path, ["rag"])
    assert sorted(row["status"] for row in scoring.load([tmp_path]).run("rag").rows if "error" in row) == [400, 500]
    sound = Server()
    await run(sound, tmp_path, ["rag"])
    assert sound.asked == ["Who is 1?"]
    assert [row.get("status") for row in scoring.load([tmp_path]).run("rag").rows] == [None, None, 400, None, None]


async def test_another_endpoint_is_sent_the_seed_and_known_by_it(tmp_path: Path) -> None:
    seeded = AskOptions(temperature=1.0, seed=7)
    with answering(ScriptedEndpoint(lambda messages: "Ada")) as scripted:
        async with connect(parse([f"other={scripted.url}#small"], [])[0], 1, Prompts()) as arm:
            await run(Server(), tmp_path, ["rag"], options=seeded, external=[arm])
            names = {run_name(ASKED, [arm], STATE, AskOptions(temperature=1.0, seed=seed)) for seed in (7, 8, None)}
    assert {body["seed"] for body in scripted.asked} == {7}
    assert read(tmp_path / "other.jsonl")[0]["identity"]["seed"] == 7
    assert len(names) == 3


@pytest.mark.parametrize(("model", "differs"), [("auto", True), ("auto:a", True), ("rag", False)])
async def test_another_server_s_router_counts_where_it_decides(model: str, differs: bool) -> None:
    (endpoint,) = parse([f"second=http://127.0.0.1:1/v1#{model}"], [])
    async with Client("http://127.0.0.1:1") as client:
        told = [
            json.dumps(ExternalArm(endpoint, client, ServerState("fp", {}, "d", router), Prompts()).identity(STATE))
            for router in ("by rules", "learnt")
        ]
    assert (told[0] != told[1]) == differs
