from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from crossover.adapters.append_only import append_row, whole_length, whole_lines

WRITER = """
import sys
from pathlib import Path
from crossover.adapters.append_only import append_row
for n in range(100_000):
    append_row(Path(sys.argv[1]), {"n": n, "text": "x" * 2000})
"""


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["n"] for line in whole_lines(path)]


def test_a_torn_last_line_is_not_read_and_gone_with_the_next_row(tmp_path: Path) -> None:
    path = tmp_path / "feedback" / "a.jsonl"
    append_row(path, {"n": 0})
    with path.open("ab") as file:
        file.write(b'{"n": 1, "text": "to' + b"x" * 200_000)
    assert numbers(path) == [0] and whole_length(path) == len(b'{"n":0}\n')
    append_row(path, {"n": 2})
    assert numbers(path) == [0, 2] and path.stat().st_size == whole_length(path)


def test_a_writer_that_is_killed_leaves_every_row_before(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], env=os.environ.copy())
    deadline = time.monotonic() + 60
    while (not path.exists() or path.stat().st_size < 40_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    kept = numbers(path)
    append_row(path, {"n": -1})
    assert kept == list(range(len(kept))) and len(kept) >= 19
    assert numbers(path) == [*kept, -1]
