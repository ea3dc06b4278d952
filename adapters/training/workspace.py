"""The folder a training works in, beside the versions that are complete: checkpoints, and the version being written.

One folder for each combination of data and options, ``adapters/NAME/.training-KEY``: the same command given again
after a kill finds its checkpoint there, another one starts from the beginning. A folder that nobody has come back to
for a week is removed by the next training.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

# Written last into a checkpoint by the trainer, so a checkpoint without all of it was cut off.
_LAST_FILE = "trainer_state.json"
# An adapter of any use is larger than that.
_NOTHING_LEFT = 1 << 18
_PREFIX = ".training-"
SEARCH_PREFIX = ".tuning-"
ABANDONED_DAYS = 7


class TrainingRuns(RuntimeError):
    """The same training is under way in another process."""


class Workspace:
    """The working folder of one training, held by one process at a time.

    Args:
        adapter: the folder of the adapter, HOME/adapters/NAME.
        decisive: all that decides the weights: only a training with the same may go on where this one ended.
    """

    def __init__(self, adapter: Path, decisive: Sequence[Any]) -> None:
        key = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
        self.folder = adapter / f"{_PREFIX}{key}"
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = locked(self.folder)
        except PermissionError as error:
            raise RuntimeError(f"cannot write to {self.folder}: {error.strerror}; check the rights") from error
        if self._lock is None:
            raise TrainingRuns(f"this training is already running in another process ({self.folder})")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock:
            self._lock.close()
        # safetensors and torch tell a full disk each in their own words, and what they began is of no use.
        if isinstance(error, Exception) and shutil.disk_usage(self.folder).free < _NOTHING_LEFT:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder)) from error

    def checkpoint(self) -> str | None:
        """The latest complete checkpoint of an earlier run; None: begin at the beginning."""
        folders = sorted(self.folder.glob("checkpoint-*"), key=lambda folder: int(folder.name.rpartition("-")[2]))
        for folder in reversed(folders):
            if _complete(folder):
                return str(folder)
            shutil.rmtree(folder)
        return None

    def fresh_folder(self, name: str) -> Path:
        """An empty folder inside, whatever an earlier run left there."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def done(self) -> None:
        """Removes the folder: what it was for is registered."""
        shutil.rmtree(self.folder)


def remove_abandoned(adapters: Path, days: float = ABANDONED_DAYS) -> list[Path]:
    """The working folders below `adapters` that were removed: held by no process, and untouched for `days`.

    Args:
        adapters: the folder of all adapters, HOME/adapters.
    """
    removed = []
    for folder in sorted(each for prefix in (_PREFIX, SEARCH_PREFIX) for each in adapters.glob(f"*/{prefix}*")):
        try:
            if time.time() - _touched(folder) > days * 86400 and (lock := locked(folder)):
                with lock:
                    shutil.rmtree(folder)
                removed.append(folder)
        except OSError:  # somebody else's, or removed by another process just now
            continue
    return removed


def in_training(adapter: Path) -> bool:
    """Whether a process holds the working folder of a training in there, or in a search in there."""
    for folder in adapter.glob(f"**/{_PREFIX}*"):
        lock = locked(folder)
        if lock is None:
            return True
        lock.close()
    return False


def locked(folder: Path) -> IO[str] | None:
    """The lock of a folder, held until it is closed; None: another process holds it."""
    lock = (folder / "lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _touched(folder: Path) -> float:
    """When anything in the folder was last written, in seconds since the epoch."""
    return max(each.stat().st_mtime for each in (folder, *folder.rglob("*")))


def _complete(checkpoint: Path) -> bool:
    try:
        return bool(json.loads((checkpoint / _LAST_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return False
