"""Which servers run on a home: HOME/servers/ID.json, one file a server, with its url and pid."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

_THIS_MACHINE = ("127.0.0.1", "::1")
_SECONDS = 2.0  # a server that is alive answers /healthz at once, even while it loads a model


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A server's note of itself."""

    id: str
    url: str
    pid: int
    host: str


@contextmanager
def announced(home: Path, server_id: str, url: str) -> Iterator[None]:
    """Keeps the server's file in HOME/servers while the context lasts."""
    folder = home / "servers"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{server_id}.json"
    note = LiveServer(server_id, url, os.getpid(), socket.gethostname())
    beside = file.with_suffix(".tmp")
    beside.write_text(json.dumps(asdict(note)) + "\n", encoding="utf-8")
    beside.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find(home: Path) -> LiveServer | None:
    """A server that runs on this home and answers; files that a killed server left behind are removed."""
    for file in sorted((home / "servers").glob("*.json")):
        try:
            note = LiveServer(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # being written or taken away at this moment
            continue
        if note.host == socket.gethostname() and not _runs(note.pid):
            with suppress(OSError):
                file.unlink()
        elif _answers(seen := _from_here(note)):
            return seen
    return None


def _from_here(note: LiveServer) -> LiveServer:
    """The note as this machine reads it: "this machine" means its writer's in that of another one, or container."""
    parts = urlsplit(note.url)
    if note.host == socket.gethostname() or parts.hostname not in _THIS_MACHINE:
        return note
    return replace(note, url=f"{parts.scheme}://{note.host}:{parts.port}")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process: it runs
        return True
    return True


def _answers(note: LiveServer) -> bool:
    # No proxy: a server of this home is never behind one.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(f"{note.url}/healthz", timeout=_SECONDS) as response:
            return bool(json.load(response).get("id") == note.id)
    except (URLError, OSError, ValueError):
        return False
