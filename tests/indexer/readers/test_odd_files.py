"""Odd files: each is read or refused with a reason, one by one, and all together by the command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from odd_files import ODD, READ, write

from crossover.indexer import readers
from crossover.indexer.document import Document
from crossover.indexer.errors import ReadError

_COMMAND = [sys.executable, "-c", "from crossover.server.cli import app; app()", "index"]
_FOLDER = "folder.pdf"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_an_odd_file_is_read_or_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    reason = ODD[name][1]
    file = write(tmp_path, name)
    if reason == READ:
        documents = [each for each in readers.read(file, name) if isinstance(each, Document)]
        assert documents
        assert all(document.text.strip() for document in documents)
        return
    with pytest.raises(ReadError) as refused:
        list(readers.read(file, name))
    assert re.search(reason, refused.value.reason)


def test_together_each_is_reported_by_name_and_the_others_are_indexed(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in ODD:
        write(folder, name)
    (folder / _FOLDER / "inside.md").write_text("The office within.")
    environment = {**os.environ, "CROSSOVER_HOME": str(tmp_path / "home")}
    command = [*_COMMAND, str(folder), "--strict", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=500, env=environment, check=False)
    assert (run.returncode, run.stderr) == (1, "")
    report = json.loads(run.stdout)
    skipped = {Path(each["path"]).name: each["reason"] for each in report["skipped"]}
    for name, (_, reason) in ODD.items():
        if reason != READ and name != _FOLDER:
            shown = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
            assert re.search(reason, skipped.pop(shown)), name
    rows = ["one-bad-line.jsonl:line 2", "one-bad-line.jsonl:line 3", "one-bad-line.jsonl:line 4", "twice.jsonl:line 2"]
    assert sorted(skipped) == rows
    added = {each.partition("#")[0] for each in report["added"]}
    assert added == {name for name, (_, reason) in ODD.items() if reason == READ} | {f"{_FOLDER}/inside.md"}
