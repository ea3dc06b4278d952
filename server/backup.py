"""`crossover backup` and `restore`: a home as one file, whole or not there at all."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crossover.adapters.durable import sync
from crossover.indexer.lock import IndexLock
from crossover.server import home as homes

_LEFT_OUT = frozenset({"servers", "logs", "lock"})
"""Of the moment: which servers run, what they said, who holds the index."""
_LEVEL = 1  # vectors hardly shrink, and texts do at any level
_BROKEN = (tarfile.TarError, EOFError, zlib.error, OSError)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup holds."""

    file: str
    files: int
    bytes: int


def back_up(home: Path, index: Path, file: Path, wait: float = 0.0) -> Saved:
    """Writes a home into one gzipped tar file, while nobody writes to its index.

    Trainings under way and notes of running servers are left out; with a Qdrant server the passages are its to keep.

    Args:
        home: what is saved.
        index: the folder of its index.
        file: where it goes.
        wait: seconds that whoever holds the index is waited for.

    Raises:
        FileNotFoundError: no such home.
        FileExistsError: the file is there already.
        IndexLocked: a server or a command holds the index.
        OSError: the disk is full, or the place is not writable; nothing is left there then.
    """
    if not home.is_dir():
        raise FileNotFoundError(f"{home}: there is no home to save; CROSSOVER_HOME names it")
    if file.exists():
        raise FileExistsError(f"{file} is there already: choose another name")
    homes.check(home)
    beside = file.with_name(f".{file.name}-{os.getpid()}")
    counted = [0, 0]

    def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        name = PurePosixPath(member.name).name
        if name in _LEFT_OUT or name.startswith(".") or not (member.isfile() or member.isdir()):
            return None
        counted[0] += member.isfile()
        counted[1] += member.size
        return member

    lock = IndexLock(index)
    try:
        if index.is_dir():
            lock.acquire(wait)
        with tarfile.open(beside, "w:gz", compresslevel=_LEVEL) as archive:
            for each in sorted(home.iterdir()):
                archive.add(each, each.name, filter=kept)
        sync(beside)
        beside.rename(file)
    finally:
        lock.release()
        beside.unlink(missing_ok=True)
    sync(file.parent)
    return Saved(str(file), *counted)


def restore(file: Path, home: Path) -> Saved:
    """Makes a home of a backup; it is there as a whole, or not at all.

    Raises:
        FileNotFoundError: no such file.
        FileExistsError: the home holds something.
        NewerHome: a newer Crossover has made the backup.
        ValueError: the file is no backup, or cut off.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file")
    if home.exists() and any(home.iterdir()):
        raise FileExistsError(f"{home} is not empty: name another home with CROSSOVER_HOME, or move it away")
    home.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent))
    try:
        try:
            with tarfile.open(file, "r:gz") as archive:
                archive.extractall(beside, filter="data")
        except tarfile.FilterError as error:
            raise ValueError(f"{file} is no backup of a home: {error}") from error
        except _BROKEN as error:
            if isinstance(error, OSError) and error.errno:  # a full disk, say, is not the file's fault
                raise
            raise ValueError(f"{file} is no whole backup ({error}): make it anew with crossover backup") from error
        note = beside / homes.FILE
        if not note.is_file():
            raise ValueError(f"{file} is no backup of a home: it has no {homes.FILE}")
        homes.check_schema(note.read_bytes(), str(file))
        files = [each.stat().st_size for each in beside.rglob("*") if each.is_file()]
        beside.chmod(0o755)
        if home.exists():
            home.rmdir()
        beside.rename(home)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    sync(home.parent)
    return Saved(str(home), len(files), sum(files))
