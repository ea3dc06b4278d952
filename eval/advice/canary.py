"""Canary questions: asked again from time to time, they show whether a version answers as well as it did at first.

Answers are runs as `crossover eval run` makes them, in HOME/runs: while nothing has changed that they depend on, the
run of last time is the answer, and the first run of a version is what it is measured against.
"""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.adapters.registry import AdapterVersion
from crossover.eval.advice.evidence import Against, Drift
from crossover.eval.arms import FINE_TUNED, WITH_EXAMPLES

if TYPE_CHECKING:
    from rich.console import Console

    from crossover.eval.questions import QuestionSet
    from crossover.eval.scoring import Evaluation, ScoredRun

_RIVALS = ("rag", WITH_EXAMPLES)
_ASKING = ("max_tokens", "temperature", "seed", "prompt_settings")


def ask_canary(questions: QuestionSet, version: AdapterVersion, home: Path, url: str, console: Console) -> Evaluation:
    """The scored answers of a version, and of retrieval alone, to the canary questions.

    Raises:
        ArmRefused, ServerUnavailable: the server cannot answer.
        RuntimeError: another version is promoted.
    """
    from crossover.eval.running import RunRequest, run
    from crossover.eval.scoring import load

    request = RunRequest(questions, home, strategies=[*_RIVALS, *FINE_TUNED], adapter=version.name)
    found = load([run(request, url, console)])
    answered = {name for arm in FINE_TUNED for name in found.run(arm).adapters}
    if others := sorted(answered - {version.served_name}):
        raise RuntimeError(
            f"--canary asks the version that is promoted ({', '.join(others)}), not {version.served_name}: promote it "
            "first, or leave the digest out"
        )
    return found


def first_answers(now: Evaluation, version: AdapterVersion, home: Path) -> Evaluation | None:
    """The earliest finished run of a version on the same questions, asked as now, before this one; None without one.

    What is right may be another answer now: each run is scored by the references that it was asked with.
    """
    from crossover.eval.scoring import RunsError, load

    asked = [(question.id, question.question) for question in now.questions]
    begun: list[tuple[str, Evaluation]] = []
    for folder in sorted((home / "runs").glob(f"{glob.escape(now.questions.name)}-*")):
        try:
            found = load([folder])
        except (RunsError, ValueError, OSError):
            continue
        runs = {run.arm: run for run in found.runs}
        known = [(question.id, question.question) for question in found.questions]
        alike = all(
            arm in runs and runs[arm].adapters == [version.served_name] and _asking(runs[arm]) == _asking(now.run(arm))
            for arm in FINE_TUNED
        )
        if known == asked and alike:
            begun.append((str(runs[FINE_TUNED[0]].header.get("started_at", "")), found))
    at, first = min(begun, key=lambda each: each[0], default=("", None))
    return first if at != now.run(FINE_TUNED[0]).header.get("started_at") else None


def drifts(before: Evaluation, now: Evaluation) -> tuple[Drift, ...]:
    """How each arm with the adapter answers now beside then, question by question, corrected together."""
    from crossover.eval.statistics import compare, holm

    pairs = [(before.run(arm), now.run(arm)) for arm in FINE_TUNED]
    raw = [compare(here.exact, then.exact, now.groups, comparisons=len(pairs)) for then, here in pairs]
    return tuple(
        Drift(here.arm, float(then.exact.mean()), float(here.exact.mean()), comparison)
        for (then, here), comparison in zip(pairs, holm(raw), strict=True)
    )


def against_retrieval(now: Evaluation) -> Against:
    """The best arm with the adapter against the best without."""
    from crossover.eval.statistics import compare

    tuned, rival = (
        max((now.run(arm) for arm in arms), key=lambda run: run.exact.mean()) for arms in (FINE_TUNED, _RIVALS)
    )
    comparison = compare(tuned.exact, rival.exact, now.groups)
    return Against(tuned.arm, rival.arm, float(tuned.exact.mean()), float(rival.exact.mean()), comparison)


def _asking(run: ScoredRun) -> dict[str, Any]:
    """What the answers of a run depend on besides questions, adapter and documents."""
    return {name: run.header["identity"].get(name) for name in _ASKING}
