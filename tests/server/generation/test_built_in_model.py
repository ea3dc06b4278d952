"""The built-in model is too small to write questions: its rounds end without an error, and say what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest
from reviewing import Crossover, document


class Running(Protocol):
    home: Path


def test_the_model_that_we_serve_goes_through_a_round_without_an_error(
    server: Running, crossover: Crossover, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(server.home))
    for office in sorted(documents.iterdir())[4:]:
        office.unlink()
    done = document(crossover("data", "generate", documents, "-o", "t.jsonl", "--review", "accept-all", "--json"))
    assert done["status"] == "done"
    assert done["accepted"] + sum(done["refused"].values()) + sum(done["failed"].values()) >= 4
