"""Commands of Crossover as child processes, `serve` above all, none of which outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
from rich.console import Console
from rich.status import Status

from crossover.server import live

_READY_SECONDS = 600.0  # a large model takes minutes to load, and its download longer: that shows in the log
_STOP_SECONDS = 60.0


class ServerDidNotStart(RuntimeError):
    """`crossover serve` ended or never became ready; the message ends with what it said last."""


def start(home: Path, *arguments: str, output: IO[Any] | None = None) -> subprocess.Popen[bytes]:
    """A `crossover` command on `home`, with all its descendants ended when it is stopped or we are killed.

    Args:
        output: where its stdout and stderr go; None sends both to our stderr.
    """
    executable = str(Path(sysconfig.get_path("scripts")) / "crossover")
    return subprocess.Popen(
        [sys.executable, "-m", "crossover.server.engine.launcher", executable, *arguments],
        env={**os.environ, "CROSSOVER_HOME": str(home), "CROSSOVER_REQUEST_LOG": "false"},
        stdin=subprocess.PIPE,  # held open: when it closes, the launcher ends everything below it
        stdout=output or sys.stderr,
        stderr=output or sys.stderr,
        start_new_session=True,  # Ctrl-C reaches us alone, and we stop it in order
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a started command and wait until nothing of it is left."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def tidy_on_sigterm() -> Iterator[None]:
    """Lets a SIGTERM end this process as Ctrl-C does, through every `finally`, so that no child stays behind."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def running_server(home: Path, console: Console) -> Iterator[str]:
    """The URL of a ready server on `home`: the one that runs there, else one of our own, stopped at the end.

    Args:
        console: shows what the server still waits for.

    Raises:
        ServerDidNotStart: it ended, or was not ready in ten minutes.
    """
    if (server := live.find(home)) is not None:
        yield server.url
        return
    log = home / "logs" / "eval-serve.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = start(home, "serve", "--port", "0", output=output)
    try:
        with console.status("starting the server") as status:
            url = _wait_until_ready(process, home, log, status)
        yield url
    finally:
        stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], home: Path, log: Path, status: Status) -> str:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerDidNotStart(f"crossover serve ended with exit code {process.returncode}; {_last_words(log)}")
        if (server := live.find(home)) is not None:
            state = _readiness(server.url)
            if state == "ready":
                return server.url
            status.update(f"starting the server: {state}")
        time.sleep(0.5)
    raise ServerDidNotStart(f"crossover serve was not ready after {_READY_SECONDS:.0f} s; {_last_words(log)}")


def _readiness(url: str) -> str:
    """``ready``, or what the server still waits for."""
    try:
        parts = httpx.get(f"{url}/readyz", timeout=10, trust_env=False).json()
    except (httpx.HTTPError, ValueError) as error:
        return str(error)
    if parts.get("ready"):
        return "ready"
    return "; ".join(
        f"{name}: {told}" for name, told in parts.items() if name not in ("ready", "router") and told != "ok"
    )


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    return f"it said last: {' / '.join(lines) or 'nothing'} (all of it: {log})"
