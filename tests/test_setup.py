"""`make setup` installs the lock whether or not pip sees a CPU build of torch by itself."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu"
NOT_THERE = "torch (2.15.0)\nAvailable versions: 2.15.0, 2.13.0, 2.12.1\n"
THERE = "torch (2.15.0)\nAvailable versions: 2.15.0, 2.13.0+cpu, 2.13.0\n"
INSTALLED_ONLY = "torch (2.15.0)\nAvailable versions: 2.15.0, 2.13.0\n  INSTALLED: 2.13.0+cpu\n"


@pytest.mark.parametrize(
    ("answer", "asks_the_index"),
    [(THERE, False), (NOT_THERE, True), (INSTALLED_ONLY, True), ("", True)],
    ids=["pip sees the cpu build", "pip sees none", "only installed", "pip says nothing"],
)
def test_pytorchs_index_is_asked_only_where_pip_sees_no_cpu_build(
    tmp_path: Path, answer: str, asks_the_index: bool
) -> None:
    calls, pip, python = tmp_path / "calls", tmp_path / "pip", tmp_path / "venv/bin/python"
    python.parent.mkdir(parents=True)
    for tool, body in {
        pip: f'echo "$*" >> {calls}\n[ "$1" = index ] && printf "%s" "{answer}"\nexit 0\n',
        python: "exit 0\n",
    }.items():
        tool.write_text(f"#!/bin/sh\n{body}")
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(
        ["make", "setup", f"VENV={tmp_path / 'venv'}", f"PIP={pip}"],
        cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    install = next(line for line in calls.read_text().splitlines() if "-r requirements-cpu.lock" in line)
    assert "--no-deps" in install
    assert (INDEX in install) is asks_the_index
