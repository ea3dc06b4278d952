"""`crossover backup` and `restore`: a home as one file."""

from __future__ import annotations

import os
import shutil
import tarfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.durable import sync
from crossover.indexer.lock import IndexLock
from crossover.server import home as homes

_OF_THE_MOMENT = ("servers", "logs")
"""Which servers run on the home, and what they said."""
_LEVEL = 1  # vectors hardly shrink, and texts do at any level
_BROKEN = (tarfile.TarError, EOFError, zlib.error)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup holds, or a home that was made of one."""

    file: str
    files: int
    bytes: int


def back_up(home: Path, file: Path, wait: float = 0.0) -> Saved:
    """Writes a home into one gzipped tar file that its owner alone may read, while nobody writes to its indexes.

    Trainings under way and notes of running servers are left out; with a Qdrant server the passages are its to keep.

    Args:
        home: what is saved; what links in it point to is saved, too.
        file: where it goes.
        wait: seconds that whoever holds an index is waited for.

    Raises:
        FileNotFoundError: no such home.
        FileExistsError: the file is there already.
        ValueError: the file would lie inside the home.
        IndexLocked: a server or a command holds an index.
        OSError: the disk is full, or the place is not writable; nothing is left there then.
    """
    if not home.is_dir():
        raise FileNotFoundError(f"{home}: there is no home to save; CROSSOVER_HOME names it")
    if file.exists():
        raise FileExistsError(f"{file} is there already: choose another name")
    if file.resolve().is_relative_to(home.resolve()):
        raise ValueError(f"{file} lies inside the home: choose a place outside of it")
    homes.check(home)
    indexes = sorted({manifest.parent for manifest in home.rglob("manifest*.json")})
    locks = {(index / "lock").relative_to(home) for index in indexes}
    counted = [0, 0]

    def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        name = Path(member.name)
        if name.name.startswith(".") or name in locks or member.name in _OF_THE_MOMENT:
            return None
        if not member.isdir():
            counted[0], counted[1] = counted[0] + 1, counted[1] + member.size
        return member

    beside = file.with_name(f".{file.name}-{os.getpid()}")
    try:
        with ExitStack() as held:
            for index in indexes:
                lock = IndexLock(index)
                lock.acquire(wait)
                held.callback(lock.release)
            private = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with (
                os.fdopen(private, "wb") as stream,
                tarfile.open(fileobj=stream, mode="w:gz", compresslevel=_LEVEL, dereference=True) as archive,
            ):
                for each in sorted(home.iterdir()):
                    archive.add(each, each.name, filter=kept)
        sync(beside)
        beside.rename(file)
    finally:
        beside.unlink(missing_ok=True)
    sync(file.parent)
    return Saved(str(file), *counted)


def restore(file: Path, home: Path) -> Saved:
    """Makes a home of a backup: where there is none it comes as a whole or not at all; an empty one is filled.

    Raises:
        FileNotFoundError: no such file.
        FileExistsError: the home holds something.
        NewerHome: a newer Crossover has made the backup.
        ValueError: the file is no backup, or cut off.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file")
    home = home.resolve()
    if home.exists() and any(each.name != homes.FILE and not each.is_dir() for each in home.rglob("*")):
        raise FileExistsError(f"{home} is not empty: name another home with CROSSOVER_HOME, or move it away")
    # Inside of a home that is there: it may be a mount, in which alone one may write.
    beside = (home if home.exists() else home.parent) / f".restoring-{os.getpid()}"
    beside.mkdir(parents=True)
    try:
        _unpack(file, beside)
        files = [each.stat().st_size for each in beside.rglob("*") if each.is_file()]
        os.sync()
        if home.exists():
            _fill(home, beside)
        else:
            beside.rename(home)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    sync(home.parent)
    return Saved(str(home), len(files), sum(files))


def _unpack(file: Path, folder: Path) -> None:
    try:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(folder, filter="data")
    except tarfile.FilterError as error:
        raise ValueError(f"{file} is no backup of a home: {error}") from error
    except (*_BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # a full disk, say, is not the file's fault
            raise
        raise ValueError(f"{file} is no whole backup ({error}): make it anew with crossover backup") from error
    note = folder / homes.FILE
    if not note.is_file():
        raise ValueError(f"{file} is no backup of a home: it has no {homes.FILE}")
    homes.check_schema(note.read_bytes(), str(file))


def _fill(home: Path, unpacked: Path) -> None:
    """Moves what was unpacked into a home of empty folders, which may be mounts of their own; the note comes last."""
    (home / homes.FILE).unlink(missing_ok=True)
    for each in sorted(unpacked.iterdir(), key=lambda path: path.name == homes.FILE):
        there = home / each.name
        if there.is_dir():
            for inner in each.iterdir():
                shutil.move(inner, there / inner.name)
        else:
            shutil.move(each, there)
