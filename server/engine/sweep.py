"""The end of every process of one session."""

from __future__ import annotations

import os
import signal

import psutil


def kill_session(session: int) -> list[int]:
    """The processes of a session that were still there and have been killed; none in a clean end."""
    killed = []
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        except (ProcessLookupError, PermissionError):
            continue
    return killed
