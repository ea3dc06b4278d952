"""vLLM's log file, and what in it is worth telling."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TAIL_BYTES = 16384
_QUOTED = 500
# "(APIServer pid=10325) INFO 11-21 10:53:38 [model.py:733] Resolved …": only the last part is for people.
_PREFIX = re.compile(r"^(\([^)]*pid=\d+\) )?([A-Z]+ \d\d-\d\d [\d:]+ )?(\[[\w.]+:\d+\] )?")
_ERROR = re.compile(r"\b\w*(Error|error|Exception)\b.*:")


class VllmLog:
    """HOME/logs/vllm.log; the one of the server before is kept as vllm.log.1."""

    def __init__(self, home: Path) -> None:
        self.path = home / "logs" / "vllm.log"

    def begin(self) -> None:
        """Make room for a new log."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            self.path.replace(self.path.with_name("vllm.log.1"))

    def last_line(self) -> str:
        """The newest line that says something."""
        return self._quoted(self._lines())

    def last_error(self) -> str:
        """The newest line that looks like an error; without one, the newest of all."""
        lines = self._lines()
        return self._quoted([line for line in lines if _ERROR.search(line)] or lines)

    def _lines(self) -> list[str]:
        try:
            with self.path.open("rb") as log:
                log.seek(-min(_TAIL_BYTES, log.seek(0, os.SEEK_END)), os.SEEK_END)
                text = log.read().decode(errors="replace")
        except OSError:
            return []
        lines = (_PREFIX.sub("", line).strip() for line in re.split(r"[\r\n]+", text))
        return [line for line in lines if line]

    @staticmethod
    def _quoted(lines: list[str]) -> str:
        return lines[-1][:_QUOTED] if lines else "no output yet"
