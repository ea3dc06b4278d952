"""A home goes into one file and comes back; nothing is ever half there, and nobody is let in."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossover.indexer.document import Document
from crossover.indexer.errors import IndexLocked
from crossover.indexer.index import Index
from crossover.indexer.lock import IndexLock
from crossover.indexer.settings import IndexerSettings
from crossover.server import home as homes
from crossover.server.backup import back_up, restore
from crossover.server.cli import app


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a real index, an adapter's folder, a training under way and a server's note."""
    home = tmp_path / "home"
    with Index.open(IndexerSettings(home=home)) as index:
        index.add([Document(id="gate.md", title="The gate", text="# The gate\n\nIvan Korel locks the gate.")])
    for name in ("adapters/house/abc/card.json", "adapters/house/.training-1/checkpoint", "servers/one.json"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text("{}")
    return home


def names(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*")}


def test_a_restored_home_answers_as_the_saved_one(home: Path, tmp_path: Path) -> None:
    saved = back_up(home, tmp_path / "saved.tar.gz")
    made = restore(tmp_path / "saved.tar.gz", tmp_path / "new")
    assert (made.files, made.bytes) == (saved.files, saved.bytes)
    with Index.open(IndexerSettings(home=tmp_path / "new")) as index:
        assert index.search("Who locks the gate?", 1)[0].document == "gate.md"
    assert (tmp_path / "new" / "adapters" / "house" / "abc" / "card.json").exists()
    assert not (tmp_path / "new" / "servers").exists()
    assert not list((tmp_path / "new").rglob(".training-*"))
    assert not list(tmp_path.glob(".*"))


def test_an_index_in_use_is_named_and_nothing_is_written(home: Path, tmp_path: Path) -> None:
    with IndexLock(home / "index"), pytest.raises(IndexLocked, match="in use by"):
        back_up(home, tmp_path / "saved.tar.gz")
    assert [file.name for file in tmp_path.iterdir()] == ["home"]


def test_nothing_that_is_there_is_overwritten(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "saved.tar.gz"
    back_up(home, file)
    before = file.read_bytes()
    with pytest.raises(FileExistsError, match="there already"):
        back_up(home, file)
    assert file.read_bytes() == before
    with pytest.raises(FileExistsError, match="not empty"):
        restore(file, home)
    with pytest.raises(ValueError, match="inside the home"):
        back_up(home, home / "again.tar.gz")


def test_an_empty_home_of_empty_folders_is_filled_in_place(home: Path, tmp_path: Path) -> None:
    back_up(home, tmp_path / "saved.tar.gz")
    new = tmp_path / "new"
    (new / "adapters").mkdir(parents=True)  # as a mount would be
    homes.check(new)
    restore(tmp_path / "saved.tar.gz", new)
    assert (new / "adapters" / "house" / "abc" / "card.json").exists()
    with Index.open(IndexerSettings(home=new)) as index:
        assert index.search("Who locks the gate?", 1)[0].document == "gate.md"


def test_only_what_is_of_the_moment_is_left_out_and_others_cannot_read_the_file(home: Path, tmp_path: Path) -> None:
    for name in ("adapters/logs/abc/card.json", "runs/servers/lock", "curves/one/index/manifest.json"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text("{}")
    (home / "runs" / "elsewhere").symlink_to(tmp_path / "big", target_is_directory=True)
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "answers.jsonl").write_text("{}")
    os.link(home / "runs/servers/lock", home / "runs/servers/second")
    back_up(home, tmp_path / "saved.tar.gz")
    assert (tmp_path / "saved.tar.gz").stat().st_mode & 0o077 == 0
    restore(tmp_path / "saved.tar.gz", tmp_path / "new")
    kept = names(tmp_path / "new")
    assert {"adapters/logs/abc/card.json", "runs/servers/lock", "runs/servers/second"} <= kept
    assert {"runs/elsewhere/answers.jsonl", "curves/one/index/manifest.json"} <= kept
    assert not {"servers", "index/lock"} & kept


def test_an_index_of_a_curve_that_is_in_use_is_named_too(home: Path, tmp_path: Path) -> None:
    inner = home / "curves" / "one" / "index"
    inner.mkdir(parents=True)
    (inner / "manifest.json").write_text("{}")
    with IndexLock(inner), pytest.raises(IndexLocked, match="curves/one/index"):
        back_up(home, tmp_path / "saved.tar.gz")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_file_that_was_cut_off_leaves_no_home(home: Path, tmp_path: Path, share: float) -> None:
    file = tmp_path / "saved.tar.gz"
    back_up(home, file)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"no (whole )?backup"):
        restore(file, tmp_path / "new")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["home", "saved.tar.gz"]


def with_a_file_at(name: str, file: Path) -> Path:
    """A backup that somebody else made up."""
    with tarfile.open(file, "w:gz") as archive:
        for each, text in ((homes.FILE, b'{"schema": 1}'), (name, b"x")):
            member = tarfile.TarInfo(each)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return file


def test_a_file_that_reaches_out_of_the_home_is_refused(tmp_path: Path) -> None:
    file = with_a_file_at("../outside", tmp_path / "foreign.tar.gz")
    with pytest.raises(ValueError, match="no backup of a home"):
        restore(file, tmp_path / "new")
    assert not (tmp_path / "outside").exists() and not (tmp_path / "new").exists()


def test_an_absolute_path_is_taken_below_the_home(tmp_path: Path) -> None:
    name = "/tmp/outside-of-a-home"
    restore(with_a_file_at(name, tmp_path / "foreign.tar.gz"), tmp_path / "new")
    assert (tmp_path / "new" / name.lstrip("/")).exists()
    assert not Path(name).exists()


def test_a_newer_home_is_left_alone(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homes.check(home)
    assert json.loads((home / homes.FILE).read_text()) == {"schema": homes.SCHEMA}
    back_up(home, tmp_path / "saved.tar.gz")
    monkeypatch.setattr(homes, "SCHEMA", 0)
    with pytest.raises(homes.NewerHome, match="upgrade it"):
        homes.check(home)
    with pytest.raises(homes.NewerHome, match=r"saved\.tar\.gz was written by a newer"):
        restore(tmp_path / "saved.tar.gz", tmp_path / "new")
    monkeypatch.setenv("CROSSOVER_HOME", str(home))
    told = CliRunner().invoke(app, ["index", "status"])
    assert told.exit_code == 1 and "written by a newer Crossover" in told.output


def test_the_commands_tell_what_they_did(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(home))
    saved = CliRunner().invoke(app, ["backup", str(tmp_path / "saved.tar.gz"), "--json"])
    assert saved.exit_code == 0 and json.loads(saved.output)["files"] > 3
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "new"))
    made = CliRunner().invoke(app, ["restore", str(tmp_path / "saved.tar.gz")])
    assert made.exit_code == 0 and " files, " in made.output
    missing = CliRunner().invoke(app, ["restore", str(tmp_path / "none.tar.gz")])
    assert missing.exit_code == 2 and "no such file" in missing.output
