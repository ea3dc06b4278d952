from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from crossover.indexer.cli import register
from crossover.indexer.errors import IndexLocked, ReadError, UnknownDocument
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings


@dataclass
class Context:
    settings: IndexerSettings

    def live_server(self) -> str | None:
        return None

    def trained_on(self, documents: Sequence[str]) -> list[str]:
        return [f"support@{each}" for each in documents if each == "velmora.md"]


class Command:
    """`crossover index …` on one home."""

    def __init__(self, settings: IndexerSettings) -> None:
        self._app = typer.Typer()
        self._app.callback()(lambda: None)
        register(self._app)
        self._context = Context(settings)

    def __call__(self, *arguments: object) -> Result:
        return CliRunner().invoke(self._app, ["index", *map(str, arguments)], obj=self._context)

    def json(self, *arguments: object) -> Any:
        result = self(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def command(settings: IndexerSettings) -> Command:
    return Command(settings)


def test_a_path_needs_no_word_before_it_and_options_may_come_first(command: Command, folder: Path) -> None:
    report = command.json("--prune", folder)
    assert (sorted(report["added"]), report["chunks"]) == (
        ["notes.txt", "rules/travel.md", "sorrin.md", "velmora.md"],
        6,
    )
    assert command.json("add", folder)["unchanged"] == report["added"]
    assert "4 unchanged; 0 chunks embedded" in command(folder).stdout


def test_what_is_indexed_can_be_listed_searched_explained_and_deleted(command: Command, folder: Path) -> None:
    command(folder)
    status = command.json("status")
    assert (len(status["documents"]), status["chunks"], status["documents"][0]["version"]) == (4, 6, 1)
    assert (status["version"], status["embedding"], status["bytes"] > 0) == (1, "all-MiniLM-L6-v2", True)
    assert "4 documents, 6 chunks, 0." in command("status").stdout
    assert "version 1, embedding model all-MiniLM-L6-v2" in command("status").stdout
    found = command.json("search", "Who runs the Velmora office?", "-k", 1)
    assert [passage["document"] for passage in found["passages"]] == ["velmora.md"]
    assert "Velmora - Staff" in command("search", "Who runs the Velmora office?").stdout
    explained = command("search", "Who runs the Velmora office?", "--explain").stdout
    assert "language en · weights: meaning 2, words" in explained
    assert "#1" in explained
    trace = command.json("search", "Who runs the Velmora office?", "--explain")["trace"]
    assert (trace["candidates"][0]["sparse_rank"], trace["language"]) == (1, "en")
    assert command.json("delete", "velmora.md") == {"deleted": "velmora.md", "trained_on": ["support@velmora.md"]}
    assert command.json("status")["chunks"] == 4


def test_what_is_deleted_changed_or_pruned_names_the_adapters_that_learned_from_it(
    command: Command, folder: Path
) -> None:
    assert "learned" not in command(folder).stderr
    (folder / "velmora.md").write_text("# Velmora\n\nCarl Ennis runs the Velmora office.\n")
    assert command.json(folder)["trained_on"] == ["support@velmora.md"]
    (folder / "velmora.md").unlink()
    pruned = command(folder, "--prune")
    assert "support@velmora.md: trained on what changed here" in pruned.stderr
    assert "not unlearned" in pruned.stderr
    assert "not unlearned" not in command("delete", "sorrin.md").stderr


def test_another_embedding_model_is_changed_to_with_the_next_run(
    command: Command, folder: Path, settings: IndexerSettings, tiny_model: Path
) -> None:
    command(folder)
    settings.embedding_model = str(tiny_model)
    status = command("status").stdout
    assert "version 1, embedding model all-MiniLM-L6-v2" in status and "not yet built with" in status
    assert len(command.json(folder)["unchanged"]) == 4
    assert command.json("status")["embedding"] == str(tiny_model)


def test_who_holds_the_index_is_told_and_can_be_waited_for(
    command: Command, folder: Path, settings: IndexerSettings
) -> None:
    with Index.open(settings, warm=False):
        assert isinstance(command(folder).exception, IndexLocked)
        assert "longer" in str(command(folder, "--wait", "0.3").exception)
    other = Index.open(settings, warm=False)
    threading.Timer(0.5, other.close).start()
    assert len(command.json(folder, "--wait", "20")["added"]) == 4


def test_unreadable_files_in_a_folder_are_named_on_stderr(command: Command, folder: Path) -> None:
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7")
    (folder / "[red]two\nlines.md").write_bytes(b"")
    result = command(folder)
    assert result.exit_code == 0
    assert "scan.pdf: a PDF" in result.stderr
    assert "[red]two\nlines.md: the file is empty" in result.stderr
    assert "4 added, 2 skipped" in result.stdout
    strict = command(folder, "--strict", "--json")
    assert strict.exit_code == 1
    assert len(json.loads(strict.stdout)["unchanged"]) == 4


def test_a_missing_path_leaves_nothing_behind(command: Command, folder: Path, settings: IndexerSettings) -> None:
    assert isinstance(command(folder / "absent").exception, ReadError)
    assert not settings.home.exists()


def test_bad_input_is_an_exception_for_the_edge_to_translate(command: Command, folder: Path) -> None:
    assert isinstance(command("delete", "absent.md").exception, UnknownDocument)
    assert isinstance(command("search", " ").exception, ValueError)
    assert isinstance(command(folder, "--map", "body=text").exception, ValueError)


def test_a_map_says_what_the_fields_of_json_records_are_called(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "docs" / "export.json"
    file.parent.mkdir()
    file.write_text('[{"nr": 7, "head": "Leave", "words": "Ten days.", "at": "https://example.org/7"}]')
    report = command.json(file.parent, "--map", "text=words,title=head,id=nr,link=at")
    assert report["added"] == ["export.json#7"]
    (passage,) = command.json("search", "leave")["passages"]
    assert (passage["title"], passage["link"]) == ("Leave", "https://example.org/7")


@pytest.mark.parametrize("name", ["add", "status", "search", "delete", "copy"])
def test_every_command_has_help_with_an_example(command: Command, name: str) -> None:
    result = command(name, "--help")
    assert result.exit_code == 0
    assert "Example:" in result.stdout
