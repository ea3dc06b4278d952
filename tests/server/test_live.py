"""HOME/servers: a running server can be found, a dead one is forgotten."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from crossover.server.live import announced, find


class Healthz(BaseHTTPRequestHandler):
    """Answers as the server `one` does."""

    def do_GET(self) -> None:
        """Says who it is."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "ok", "id": "one"}).encode())

    def log_message(self, *_: object) -> None:
        """Keeps quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Healthz) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_running_server_is_found_as_long_as_it_runs(tmp_path: Path, url: str) -> None:
    assert find(tmp_path) is None
    with announced(tmp_path, "one", url):
        found = find(tmp_path)
        assert found is not None
        assert (found.url, found.pid) == (url, os.getpid())
    assert find(tmp_path) is None
    assert list((tmp_path / "servers").iterdir()) == []


def test_another_server_on_the_same_port_is_not_taken_for_it(tmp_path: Path, url: str) -> None:
    with announced(tmp_path, "two", url):
        assert find(tmp_path) is None


def test_a_server_in_another_container_is_reached_by_the_name_of_its_host(tmp_path: Path, url: str) -> None:
    with announced(tmp_path, "one", url):
        file = tmp_path / "servers" / "one.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"host": "localhost", "pid": 1}))
        found = find(tmp_path)
    assert found is not None
    assert found.url == url.replace("127.0.0.1", "localhost")


def test_what_a_killed_server_left_behind_is_removed(tmp_path: Path, url: str) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    file = tmp_path / "servers" / "one.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"id": "one", "url": url, "pid": dead.pid, "host": socket.gethostname()}))

    assert find(tmp_path) is None
    assert not file.exists()


def test_a_file_that_is_no_note_is_passed_over(tmp_path: Path, url: str) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "half.json").write_text('{"id": "o')
    with announced(tmp_path, "one", url):
        assert find(tmp_path) is not None
