"""`crossover eval world`, start to report, on a tiny world: the demo in small."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

_COMMAND = [str(Path(sys.executable).with_name("crossover")), "eval", "world", "--seed", "4", "--size", "tiny"]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "CROSSOVER_HOME": str(home)}


def left_behind(home: Path) -> list[str]:
    """Command lines of processes that still work on this home."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            if process.environ().get("CROSSOVER_HOME", "").startswith(str(home)):
                found.append(" ".join(process.info["cmdline"]))
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


@pytest.mark.timeout(900)
def test_a_world_runs_from_its_handbook_to_the_report_and_then_shows_it_at_once(tmp_path: Path) -> None:
    first = subprocess.run(_COMMAND, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr[-3000:]
    assert left_behind(tmp_path) == []
    folder = Path(first.stdout.splitlines()[-1])
    report = json.loads((folder / "report.json").read_text())
    assert list(report["strategies"]) == ["base", "few-shot", "rag", "rag+examples", "finetune", "hybrid"]
    assert list(report["winners"]) == ["stable", "fresh", "new", "tacit", "format", "format+fresh", "unanswerable"]
    assert report["strategies"]["hybrid"]["adapter"].startswith("house@")
    assert report["retrieval"]["overall"]["n"] > 0

    started = time.monotonic()
    again = subprocess.run(_COMMAND, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr[-3000:]
    assert time.monotonic() - started < 60
    printed = subprocess.run(
        [*_COMMAND, "--json"], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert json.loads(printed.stdout) == report


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_the_middle_it_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    # Tests in the background of a script inherit that Ctrl-C is ignored; a command at a terminal never does.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        _COMMAND, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    signal.signal(signal.SIGINT, inherited)
    home = tmp_path / "worlds" / "tiny-seed-4"
    deadline = time.monotonic() + 120
    while len(left_behind(home)) < 2 and time.monotonic() < deadline:  # the launcher and the command below it
        time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert b"Traceback" not in err
    while left_behind(tmp_path) and time.monotonic() < deadline + 60:  # after SIGKILL the launcher needs a moment
        time.sleep(0.1)
    assert left_behind(tmp_path) == []


def test_an_unknown_size_is_refused(tmp_path: Path) -> None:
    command = [*_COMMAND[:-1], "huge"]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--size huge: no such size; choose from" in done.stderr
    assert list(tmp_path.iterdir()) == []
