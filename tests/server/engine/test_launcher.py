"""The launcher leaves nothing behind, whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

LAUNCHER = [sys.executable, "-m", "crossover.server.engine.launcher"]
# A parent with a stubborn child in a session of its own; the ids of both are written down.
FAMILY = """
import os, signal, subprocess, sys, time
code = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
open(sys.argv[1] + ".tmp", "w").write(f"{os.getpid()} {child.pid}")
os.replace(sys.argv[1] + ".tmp", sys.argv[1])
time.sleep(float(sys.argv[2]))
os._exit(7)
"""


def start(pids: Path, seconds: float) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    """The launcher with a family that would live for so long, and the members of the family."""
    process = subprocess.Popen(
        [*LAUNCHER, sys.executable, "-c", FAMILY, str(pids), str(seconds)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not pids.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process, [psutil.Process(int(pid)) for pid in pids.read_text().split()]


def gone(family: list[psutil.Process], seconds: float) -> bool:
    return not psutil.wait_procs(family, timeout=seconds)[1]


def test_when_the_command_ends_its_children_end_too_and_its_code_is_passed_on(tmp_path: Path) -> None:
    process, family = start(tmp_path / "pids", 0.1)
    assert process.wait(20) == 7
    assert gone(family, 5)


def test_when_the_pipe_closes_even_a_stubborn_child_ends(tmp_path: Path) -> None:
    process, family = start(tmp_path / "pids", 600)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(30) == 128 + signal.SIGTERM
    assert gone(family, 5)


def test_when_whoever_started_it_is_killed_nothing_is_left(tmp_path: Path) -> None:
    starter = f"""
import subprocess, sys, time
process = subprocess.Popen({[*LAUNCHER, sys.executable, "-c", FAMILY, str(tmp_path / "pids"), "600"]!r},
                           stdin=subprocess.PIPE, start_new_session=True)
print(process.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        launcher = psutil.Process(int(owner.stdout.readline()))
        while not (tmp_path / "pids").exists():
            time.sleep(0.02)
        family = [psutil.Process(int(pid)) for pid in (tmp_path / "pids").read_text().split()]
        os.kill(owner.pid, signal.SIGKILL)
        assert gone([launcher, *family], 30)
