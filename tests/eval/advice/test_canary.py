"""Canary questions, asked of the real server, and the run that they are measured against."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import httpx

from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.registry import AdapterVersion
from crossover.eval import scoring
from crossover.eval.advice.canary import first_answers

MakeRuns = Callable[..., Path]


class RunningServer(Protocol):
    """What these tests need of the server fixture."""

    url: str
    home: Path


def advise(server: RunningServer, *arguments: str) -> tuple[int, dict[str, Any]]:
    command = [str(Path(sys.executable).with_name("crossover")), "adapters", "advise", *arguments, "--json"]
    env = {**os.environ, "CROSSOVER_HOME": str(server.home)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode in (0, 10, 11), done.stderr
    (adapter,) = json.loads(done.stdout)["adapters"]
    return done.returncode, adapter


def write_canary(path: Path, reference: str) -> Path:
    rows = [
        {"id": str(n), "question": "Which form reports a leak?", "references": [reference], "group": str(n)}
        for n in range(10)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_answers_that_have_become_wrong_say_retrain(server: RunningServer, tmp_path: Path) -> None:
    canary = tmp_path / "canary.jsonl"
    code, first = advise(server, "support", "--canary", str(write_canary(canary, "Form 12.")))
    assert (code, first["evidence"]["canary"]) == (0, [])
    assert first["evidence"]["against"]["tuned_score"] == 1.0
    write_canary(canary, "Form 13.")  # the form has changed, the adapter has not
    code, now = advise(server, "support", "--canary", str(canary))
    drift = next(each for each in now["evidence"]["canary"] if each["arm"] == "finetune")
    assert (drift["before"], drift["now"], drift["comparison"]["difference"]) == (1.0, 0.0, -1.0)
    # Retrieval does not know the form either, but ten questions are too few to say that it is enough.
    assert (now["advice"], code) == ("retrain now", 10)


def test_a_server_tells_what_has_become_of_the_sources_of_an_adapter(server: RunningServer) -> None:
    told = httpx.get(f"{server.url}/v1/adapters/support/sources", trust_env=False)
    assert told.json() == {"chunks": 0, "changed": 0, "gone": 0, "sentences": 0, "sentences_gone": 0}
    assert httpx.get(f"{server.url}/v1/adapters/nobody/sources", trust_env=False).status_code == 404


def version(home: Path) -> AdapterVersion:
    """The version that answers in the runs of `make_runs`."""
    data = DataCard(name="train", fingerprint="f", examples=40)
    kinds = {"base_model": "r", "base_fingerprint": "b", "chat_template": "t", "prompts": "p", "hyperparameters": {}}
    card = AdapterCard(
        name="house", digest="3f9c2a41d0be", data=data, trained_at=datetime(2026, 1, 1, tzinfo=UTC), **kinds
    )
    return AdapterVersion("house", card.digest, home / "adapters", card)


def test_only_a_run_that_was_asked_as_now_was_before(make_runs: MakeRuns, tmp_path: Path) -> None:
    asked = {
        "shorter": (1, '"max_tokens":8'),
        "warmer": (2, '"temperature":1.0'),
        "like": (3, '"max_tokens":64'),
        "now": (4, '"max_tokens":64'),
    }
    for name, (day, field) in asked.items():
        folder = make_runs({arm: {"old": 0.5} for arm in ("rag", "finetune", "hybrid")}, f"home/runs/handmade-{name}")
        for path in folder.glob("*.jsonl"):
            text = path.read_text().replace("2026-01-01T", f"2026-01-0{day}T")
            path.write_text(text.replace('"system":', f'{field},"system":', 1))
    now = scoring.load([tmp_path / "home" / "runs" / "handmade-now"])
    first = first_answers(now, version(tmp_path), tmp_path / "home")
    assert first is not None
    assert first.run("finetune").header["started_at"].startswith("2026-01-03")
