"""Judging: each answer by each metric that fits it, every judgement kept, every failure counted with its reason."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.eval.judge.endpoint import JudgeEndpoint
from crossover.eval.metrics.abstention import answerable
from crossover.eval.metrics.ragas_metrics import Embed, Sample, keep_quiet, nearest_reference, without_citations
from crossover.eval.run_log import RunLog

if TYPE_CHECKING:
    from ragas.metrics.base import SingleTurnMetric

#: What each metric needs: an answer, the passages of its prompt, a reference.
METRICS: dict[str, frozenset[str]] = {
    "faithfulness": frozenset({"answer", "passages"}),
    "answer_relevancy": frozenset({"answer"}),
    "factual_correctness": frozenset({"answer", "reference"}),
    "context_precision": frozenset({"passages", "reference"}),
    "context_recall": frozenset({"passages", "reference"}),
}
_TRIES = 2  # of a judgement that came back unreadable; a request that timed out was asked again already
_PATIENCE = 6  # timeouts of one reply, for a whole judgement
_ASKED_AGAIN = ("timed out", "not reached")
_GIVE_UP = 25  # failures in a row, after which the judge is taken for broken


@dataclass(frozen=True, slots=True)
class Judgement:
    """One value, 0 to 1, or None with the reason why there is none."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Task:
    """One answer and one metric."""

    metric: str
    fields: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The same for whatever is judged the same."""
        told = json.dumps([self.metric, self.fields], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def judge(
    samples: Sequence[Sample],
    endpoint: JudgeEndpoint,
    embed: Embed,
    cache: Path,
    metrics: Sequence[str] = tuple(METRICS),
    told: Callable[[str], None] = lambda text: None,
) -> dict[str, list[Judgement | None]]:
    """By metric the judgement of each sample; None where the metric does not fit it.

    Args:
        embed: texts to unit vectors, for answer relevancy.
        cache: a folder in which every judgement is kept, so that it is paid for once by one endpoint, model and
            embedder; failures are tried again.
        told: called with the progress in words.
    """
    tasks = {name: [_task(name, sample) for sample in samples] for name in metrics}
    wanted = {task.key: task for column in tasks.values() for task in column if task}
    identity = {
        "judge": endpoint.model,
        "url": endpoint.url,
        "embedder": endpoint.embedder,
        "ragas": version("ragas"),
    }
    name = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:8]
    with RunLog(cache / f"{name}.jsonl", identity) as log:
        open_ = {key: task for key, task in wanted.items() if key not in log.done}
        failures = asyncio.run(_ask(open_, endpoint, embed, log, told)) if open_ else {}
        known = {key: Judgement(float(row["value"])) for key, row in log.done.items()}
    return {
        name: [(known.get(task.key) or failures[task.key]) if task else None for task in column]
        for name, column in tasks.items()
    }


def _task(metric: str, sample: Sample) -> _Task | None:
    needs = METRICS[metric]
    here = {
        "answer": bool(sample.answer.strip()),
        "passages": bool(sample.passages),
        "reference": answerable(sample.question),
    }
    if not all(here[need] for need in needs):
        return None
    fields: dict[str, Any] = {"user_input": sample.question.question}
    if "answer" in needs:
        fields["response"] = without_citations(sample.answer)
    if "passages" in needs:
        fields["retrieved_contexts"] = list(sample.passages)
    if "reference" in needs:
        by_answer = "answer" in needs  # else the same for every arm, so that it is judged once
        fields["reference"] = nearest_reference(sample) if by_answer else sample.question.references[0]
    return _Task(metric, fields)


async def _ask(
    tasks: Mapping[str, _Task], endpoint: JudgeEndpoint, embed: Embed, log: RunLog, told: Callable[[str], None]
) -> dict[str, Judgement]:
    """Write what could be judged into the log, and return what could not."""
    keep_quiet()
    from crossover.eval.judge.ragas_llm import OpenAiJudge, judged_metrics

    failed: dict[str, Judgement] = {}
    queue = iter(tasks.items())
    in_a_row = done = 0

    async with OpenAiJudge(endpoint) as llm:
        metrics = judged_metrics(llm, embed)

        async def work() -> None:
            nonlocal in_a_row, done
            for key, task in queue:
                if in_a_row >= _GIVE_UP:
                    failed[key] = Judgement(None, f"not asked: {_GIVE_UP} judgements in a row had failed")
                    continue
                found = await _judgement(metrics[task.metric], task, _PATIENCE * endpoint.timeout)
                if found.value is None:
                    failed[key], in_a_row = found, in_a_row + 1
                else:
                    log.append({"id": key, "metric": task.metric, "value": found.value})
                    in_a_row = 0
                done += 1
                told(f"judging: {done} of {len(tasks)} judgements, {len(failed)} failed")

        await asyncio.gather(*(work() for _ in range(endpoint.concurrency)))
    return failed


async def _judgement(metric: SingleTurnMetric, task: _Task, seconds: float) -> Judgement:
    from ragas import SingleTurnSample

    sample, reason = SingleTurnSample(**task.fields), ""
    for _ in range(_TRIES):
        try:
            value = float(await metric.single_turn_ascore(sample, timeout=seconds))
        except Exception as error:  # whatever a judge or ragas does wrong, the report is finished
            reason = _told(error)
            if reason in _ASKED_AGAIN or reason.startswith("HTTP"):
                break
        else:
            if not math.isnan(value):
                return Judgement(min(1.0, max(0.0, value)))
            reason = "ragas computed no value"
    return Judgement(None, reason)


def _told(error: Exception) -> str:
    """A reason that is the same for the same kind of failure, so that it can be counted."""
    kind, status = type(error).__name__, getattr(error, "status_code", None)
    if kind in ("APITimeoutError", "TimeoutError"):
        return "timed out"
    if status is not None:
        return f"HTTP {status}"
    return {
        "RagasOutputParserException": "no readable verdict",
        "OutputParserException": "no readable verdict",
        "APIConnectionError": "not reached",
        "NoVerdict": str(error),
    }.get(kind, kind)
