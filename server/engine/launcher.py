"""Runs one command and takes all its descendants along when it ends, or when whoever started it ends.

    python -m crossover.server.engine.launcher COMMAND…        stdin: a pipe that the starter keeps open

The starter may be killed with SIGKILL and so cannot clean up by itself. But then its end of the pipe
closes, and this process, which becomes the parent of every orphan below it (PR_SET_CHILD_SUBREAPER),
ends them all. It is small on purpose: it starts in a moment and has next to nothing to fail on.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_GRACE_SECONDS = 12.0


def main(command: list[str]) -> int:
    """The exit code of `command`, once nothing of it is left; negative for the signal that ended it."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wakeup, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent)  # noqa: PLW1509 one thread
    while process.poll() is None:
        readable, _, _ = select.select([0, wakeup], [], [])
        if 0 in readable and not os.read(0, 4096):  # the starter is gone, or wants us gone
            break
        if wakeup in readable and _told_to_stop(os.read(wakeup, 4096)):
            break
        _reap_orphans(process.pid)
    _stop(process)
    _kill_descendants()
    return process.returncode


def prctl(option: int, value: int) -> None:
    """Linux' prctl; elsewhere nothing happens, and only the pipe protects from orphans."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _die_with_parent() -> None:
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _told_to_stop(signals: bytes) -> bool:
    return signal.SIGTERM in signals or signal.SIGINT in signals


def _reap_orphans(child: int) -> None:
    """Takes ended orphans off the process table, but leaves the command's own status to Popen."""
    if sys.platform != "linux":
        return
    while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != child:
        os.waitpid(ended.si_pid, 0)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _kill_descendants() -> None:
    import psutil

    while descendants := psutil.Process().children(recursive=True):
        for descendant in descendants:
            try:
                descendant.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(descendants, timeout=1.0)
        time.sleep(0.01)  # the children of what was just killed become ours


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
