"""Runs: every question asked of every arm over HTTP, each answer on disk as soon as it is there."""

from __future__ import annotations

import asyncio
import glob
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any

from crossover.adapters.thoughts import without_thoughts
from crossover.eval.arms import Arm
from crossover.eval.client import AskRefused, Client, ServerState
from crossover.eval.external import ExternalArm
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.router import features_file
from crossover.eval.router.features_file import as_asked, open_log
from crossover.eval.run_log import Row, RunLog, sources_of
from crossover.server.routing.circumstances import Circumstances
from crossover.server.strategies import AUTO

QUESTIONS_FILE = "questions.jsonl"
RETRIEVAL = "retrieval"
FEATURES = features_file.STEM
DEPTH = 5  # passages asked of /v1/search for recall@k

AnyArm = Arm | ExternalArm
#: Called with an arm's name after each of its answers.
Tick = Callable[[str], None]
Job = Callable[[], Awaitable[None]]


class ArmRefused(RuntimeError):
    """The server cannot run an arm at all, such as `finetune` without a promoted adapter."""


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How questions are asked; greedy, so that a run can be repeated.

    Args:
        seed: of the sampling at a temperature above 0; None leaves it to chance.
    """

    concurrency: int = 32
    max_tokens: int = 64
    temperature: float = 0.0
    seed: int | None = None

    @property
    def sampling(self) -> dict[str, Any]:
        """The fields of a request that say how an answer is sampled."""
        seed = {} if self.seed is None else {"seed": self.seed}
        return {"max_tokens": self.max_tokens, "temperature": self.temperature, **seed}


def amount(questions: QuestionSet, arms: Sequence[AnyArm]) -> dict[str, int]:
    """How many pieces of work each part of a run has, by the names that ticks have."""
    searches = sum(bool(question.relevant_documents) for question in questions)
    asked = {arm.name: searches if arm.gold else len(questions) for arm in arms}
    return {RETRIEVAL: searches, FEATURES: len(questions), **asked}


def run_name(questions: QuestionSet, arms: Sequence[AnyArm], state: ServerState, options: AskOptions) -> str:
    """A folder name that is the same exactly when the run is: asking again goes on where it stopped.

    Oracles may join a run later, so that they do not count.
    """
    decisive = [_identity(arm, questions, state, options) for arm in arms if not arm.gold]
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:8]
    return f"{questions.name}-{digest}"


async def ask(
    questions: QuestionSet,
    arms: Sequence[Arm],
    folder: Path,
    client: Client,
    state: ServerState,
    options: AskOptions,
    tick: Tick,
    external: Sequence[ExternalArm] = (),
) -> None:
    """Ask what is not yet answered in `folder`: ARM.jsonl for each arm, retrieval.jsonl for the search alone,
    features.jsonl for what the router sees.

    All arms share one queue, so that the last questions of one are asked beside the first of the next, and what needs
    no generation is spread among them; external arms come after it, for some are shown the passages of `rag`. A refused
    search has no row: the report tells how many there are, and asking again searches again.

    Raises:
        RunMismatch: the folder holds answers to other questions, or from another state of the server.
        ArmRefused: an arm cannot run; what the others answered until then stays.
        ServerUnavailable: the server went away for good; run again to go on.
    """
    with ExitStack() as stack:
        everyone: list[AnyArm] = [*arms, *external]
        logs = {arm.name: stack.enter_context(_open(folder, arm, questions, state, options)) for arm in everyone}
        searches = stack.enter_context(_open_searches(folder, questions, state))
        questions.write(folder / QUESTIONS_FILE)
        adapter = _alias(arms)
        seen = stack.enter_context(await _open_features(folder, questions, arms, client, state))
        for name, log in {RETRIEVAL: searches, FEATURES: seen, **logs}.items():
            for _ in log.done:
                tick(name)
        lookups: list[Job] = [
            partial(_look_up, question, adapter, searches, seen, client, tick) for question in questions
        ]
        answers: list[Job] = [
            partial(_answer, arm, question, logs[arm.name], client, options, tick)
            for arm in arms
            for question in questions
            if question.id not in logs[arm.name].done and (question.relevant_documents or not arm.gold)
        ]
        await _work_off(_spread(lookups, answers), options.concurrency)
        later: list[Job] = [
            partial(_answer_elsewhere, arm, question, logs, options, tick)
            for arm in external
            for question in questions
            if question.id not in logs[arm.name].done
        ]
        await _work_off(later, options.concurrency)


def _identity(arm: AnyArm, questions: QuestionSet, state: ServerState, options: AskOptions) -> dict[str, Any]:
    """What an arm's answers depend on, and nothing else: a new document leaves `finetune` as it was."""
    asked = {"question_set": questions.digest, **options.sampling}
    if isinstance(arm, ExternalArm):
        return asked | arm.identity(state)
    return asked | {
        "model": arm.model,
        "prompt_settings": dict(arm.body),
        "system": state.system,
        "adapters": dict(state.adapters) if arm.uses_training else {},
        "documents": state.documents if arm.retrieves else "",
        **({"router": state.router} if arm.strategy == AUTO else {}),
        **({"gold": True} if arm.gold else {}),
    }


def _open(folder: Path, arm: AnyArm, questions: QuestionSet, state: ServerState, options: AskOptions) -> RunLog:
    header = {
        "arm": arm.name,
        "questions": questions.name,
        "started_at": _now(),
        "versions": {"crossover": version("crossover")},
        "server": asdict(state),
        "options": asdict(options),
    }
    return RunLog(folder / f"{arm.name}.jsonl", _identity(arm, questions, state, options), header)


def _open_searches(folder: Path, questions: QuestionSet, state: ServerState) -> RunLog:
    identity = {"question_set": questions.digest, "documents": state.documents, "k": DEPTH}
    return RunLog(folder / f"{RETRIEVAL}.jsonl", identity, {"started_at": _now()})


async def _open_features(
    folder: Path, questions: QuestionSet, arms: Sequence[Arm], client: Client, state: ServerState
) -> RunLog:
    told = await client.route("Hello", _alias(arms))
    name = told["features"][0]["adapter"]
    served = f"{name}@{state.adapters[name]}" if name else None
    shown = {arm.name: arm.body.get("examples") for arm in arms}
    now = as_asked(Circumstances.model_validate(told["circumstances"]), shown)
    return open_log(folder, questions, (state.documents, served), now)


def _alias(arms: Sequence[Arm]) -> str | None:
    return next((arm.adapter for arm in arms if arm.adapter), None)


def _spread(*parts: Sequence[Job]) -> list[Job]:
    """The jobs of all parts in one row, each part over its whole length: where one waits for vLLM, another searches."""
    placed = [((n + 0.5) / len(part), job) for part in parts for n, job in enumerate(part)]
    return [job for _, job in sorted(placed, key=itemgetter(0))]


async def _work_off(jobs: Sequence[Job], workers: int) -> None:
    queue = iter(jobs)

    async def work() -> None:
        for job in queue:
            await job()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    except ExceptionGroup as errors:  # all workers meet the same trouble: one is enough to tell
        raise errors.exceptions[0] from None


async def _answer(arm: Arm, question: Question, log: RunLog, client: Client, options: AskOptions, tick: Tick) -> None:
    extension: dict[str, Any] = dict(arm.body)
    if arm.gold:
        extension["source"] = [glob.escape(document) for document in question.relevant_documents]
    body = {
        "model": arm.model,
        "messages": [{"role": "user", "content": question.question}],
        **options.sampling,
        **({"crossover": extension} if extension else {}),
    }
    log.append(await _asked(arm.name, question, body, client))
    tick(arm.name)


async def _answer_elsewhere(
    arm: ExternalArm, question: Question, logs: Mapping[str, RunLog], options: AskOptions, tick: Tick
) -> None:
    sources = sources_of(logs["rag"].done[question.id]) if arm.endpoint.takes_passages else []
    row = await _asked(arm.name, question, arm.request(question.question, sources) | options.sampling, arm.client)
    told = {"answer": without_thoughts(row["answer"]), "crossover": row.get("crossover") or arm.trace(sources)}
    logs[arm.name].append(row | told)
    tick(arm.name)


async def _asked(name: str, question: Question, body: Mapping[str, Any], client: Client) -> Row:
    row: Row = {"id": question.id, "asked_at": _now(), "request": dict(body)}
    start = time.perf_counter()
    try:
        reply = await client.chat(body)
    except AskRefused as refusal:
        if refusal.status in (401, 403, 404, 409):  # no question of this arm would fare better
            raise ArmRefused(f"{name}: {refusal}") from refusal
        return row | {"answer": "", "error": str(refusal), "status": refusal.status}
    try:
        choice = reply["choices"][0]
        text = str(choice["message"]["content"] or "")
    except (KeyError, IndexError, TypeError):
        return row | {"answer": "", "error": f"no chat completion: {json.dumps(reply)[:200]}"}
    return row | {
        "answer": text,
        "finish_reason": choice.get("finish_reason"),
        "usage": reply.get("usage") or {},
        "crossover": reply.get("crossover", {}),
        "answer_id": reply.get("id", ""),
        "wall_ms": round(1000 * (time.perf_counter() - start), 2),
    }


async def _look_up(
    question: Question, adapter: str | None, searches: RunLog, seen: RunLog, client: Client, tick: Tick
) -> None:
    """What a search finds, then what the router sees: the server remembers the search meanwhile."""
    if question.relevant_documents and question.id not in searches.done:
        await _search(question, searches, client, tick)
    if question.id not in seen.done:
        await _see(question, adapter, seen, client, tick)


async def _search(question: Question, log: RunLog, client: Client, tick: Tick) -> None:
    with suppress(AskRefused):
        passages = await client.search(question.question, DEPTH)
        found = [{key: passage.get(key) for key in ("document", "chunk", "score")} for passage in passages]
        log.append({"id": question.id, "passages": found})
    tick(RETRIEVAL)


async def _see(question: Question, adapter: str | None, log: RunLog, client: Client, tick: Tick) -> None:
    with suppress(AskRefused):
        told = await client.route(question.question, adapter)
        log.append({"id": question.id, "features": told["features"][0]})
    tick(FEATURES)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
