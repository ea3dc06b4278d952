"""The proof `make prove-faults` in short: kills, a crowd, and questions while documents come and go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("faults")
    command = [sys.executable, "-m", "crossover.eval.bench.index_faults", "--kill", "3", "--minutes", "0.05"]
    done = subprocess.run(command, cwd=place, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads((place / "build/prove/index_faults.json").read_text())["figures"])


def test_after_a_kill_the_next_run_makes_the_index_equal_to_a_clean_one(figures: dict[str, Any]) -> None:
    kills = figures["kills"]
    assert (kills["killed"], kills["equal_to_clean"], kills["differences"]) == (3, 3, [])


def test_of_ten_processes_at_once_one_works_and_the_others_say_who_or_wait(figures: dict[str, Any]) -> None:
    at_once, patient = figures["ten_at_once"], figures["ten_that_wait"]
    assert (at_once["worked"] + at_once["said_who"], at_once["failed"]) == (10, 0)
    assert at_once["worked"] >= 1
    assert (patient["worked"], patient["documents"]) == (10, 30)


def test_questions_while_documents_change_see_neither_half_nor_deleted_ones(figures: dict[str, Any]) -> None:
    seen = figures["questions"]
    assert seen["questions"] > 10 and seen["writes"] > 2
    wrong = {name: seen[name] for name in ("errors", "mixed_versions", "not_whole", "lost", "deleted_seen")}
    assert wrong == dict.fromkeys(wrong, 0)
    assert seen["store_is_whole"]
