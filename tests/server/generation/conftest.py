from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from reviewing import OFFICES, PEOPLE, Crossover, reader, write_office
from scripted_model import ScriptedModel, scripted_model
from typer.testing import CliRunner

from crossover.server.cli import app


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with scripted_model(reader) as running:
        yield running


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Sixteen documents of one chunk each."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for number, office in enumerate(OFFICES):
        write_office(folder, office, PEOPLE[number % len(PEOPLE)], f"{7 + number % 4}:{30 + number}")
    return folder


@pytest.fixture
def crossover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Crossover:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])
