"""Canary questions, asked of the real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol


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
    # Retrieval does not know the form either, so that the adapter is no better than it any more.
    assert now["advice"] == "RAG is enough" and code == 11
