"""Append-only run files, killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crossover.eval.run_log import RunLocked, RunLog, RunMismatch, read

_WRITER = """
import sys
from pathlib import Path
from crossover.eval.run_log import RunLog
log = RunLog(Path(sys.argv[1]), {"set": "a"})
n = len(log.done)
while True:
    log.append({"id": str(n), "answer": "x" * 3000})
    n += 1
"""


def test_what_is_appended_is_there_when_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "rag.jsonl"
    with RunLog(path, {"set": "a"}, {"arm": "rag"}) as log:
        log.append({"id": "1", "answer": "é\nx"})
    with RunLog(path, {"set": "a"}) as log:
        assert log.done == {"1": {"id": "1", "answer": "é\nx"}}
        with pytest.raises(ValueError, match="already written"):
            log.append({"id": "1"})
    header, rows = read(path)
    assert (header["arm"], len(rows)) == ("rag", 1)


@pytest.mark.parametrize("torn", [b'{"id": "2", "ans', b'{"id": "2"}', b"\xc3"])
def test_a_torn_last_line_is_cut_off_and_asked_again(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "rag.jsonl"
    with RunLog(path, {}) as log:
        log.append({"id": "1"})
    with path.open("ab") as file:
        file.write(torn)
    assert [row["id"] for row in read(path)[1]] == ["1"]
    with RunLog(path, {}) as log:
        assert list(log.done) == ["1"]
        log.append({"id": "2"})
    assert [row["id"] for row in read(path)[1]] == ["1", "2"]


def test_a_header_torn_off_leaves_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "rag.jsonl"
    path.write_bytes(b'{"type": "hea')
    with RunLog(path, {"set": "a"}) as log:
        assert log.done == {}
    assert read(path)[0]["identity"] == {"set": "a"}


def test_answers_to_something_else_are_never_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "rag.jsonl"
    with RunLog(path, {"question_set": "a", "documents": "d"}) as log:
        log.append({"id": "1"})
    with pytest.raises(RunMismatch, match=r"another question set .*give another folder with -o"):
        RunLog(path, {"question_set": "b", "documents": "d"})


def test_a_header_without_rows_makes_way_for_another(tmp_path: Path) -> None:
    path = tmp_path / "rag.jsonl"
    RunLog(path, {"question_set": "a"}).close()
    RunLog(path, {"question_set": "b"}).close()
    assert read(path)[0]["identity"] == {"question_set": "b"}
    path.write_text('{"question": "Who?"}\n')
    with pytest.raises(RunMismatch):
        RunLog(path, {"question_set": "b"})
    assert path.read_text() == '{"question": "Who?"}\n'


@pytest.mark.parametrize(
    ("failed", "again"),
    [
        ({"error": "x", "status": 500}, True),
        ({"error": "HTTP 529: overloaded"}, True),  # as older versions wrote it
        ({"error": "x", "status": 400}, False),
        ({"error": "no chat completion: {}"}, False),
    ],
)
def test_what_failed_for_a_passing_trouble_is_not_done(tmp_path: Path, failed: dict[str, object], again: bool) -> None:
    path = tmp_path / "rag.jsonl"
    with RunLog(path, {}) as log:
        log.append({"id": "1", **failed})
    with RunLog(path, {}) as log:
        assert (list(log.done) == []) == again
        if again:
            log.append({"id": "1", "answer": "x"})
            assert len(read(path)[1]) == 2
    with RunLog(path, {}) as log:
        assert list(log.done) == ["1"]


def test_two_runs_never_write_one_file(tmp_path: Path) -> None:
    with RunLog(tmp_path / "rag.jsonl", {}), pytest.raises(RunLocked, match="another run is writing it"):
        RunLog(tmp_path / "rag.jsonl", {})


def test_killed_again_and_again_no_row_is_lost_or_written_twice(tmp_path: Path) -> None:
    path, seen = tmp_path / "rag.jsonl", 0
    for _ in range(4):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)])
        while not path.exists() or path.read_bytes().count(b"\n") <= seen + 20:
            time.sleep(0.01)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        with RunLog(path, {"set": "a"}) as log:
            assert len(log.done) >= seen + 19
            seen = len(log.done)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["id"] for line in lines[1:]] == [str(n) for n in range(seen)]
