"""An OpenAI-compatible server over real HTTP whose replies a test writes: what it is asked decides what it says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Script = Callable[[str], Any]
"""From the last message to the reply's text, or to (status, body) where it is no plain answer."""


@dataclass
class ScriptedModel:
    """The server; `script` may be changed while it runs.

    Attributes:
        prompts: the last message of each request, in order.
        headers: of the last request.
    """

    script: Script
    url: str = ""
    models: tuple[str, ...] = ("writer",)
    prompts: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def scripted_model(script: Script) -> Iterator[ScriptedModel]:
    """A running server of that script."""
    model = ScriptedModel(script)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in model.models]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.headers = dict(self.headers)
            model.bodies.append(body)
            model.prompts.append(body["messages"][-1]["content"])
            reply = model.script(model.prompts[-1])
            self._send(*(reply if isinstance(reply, tuple) else (200, completion(reply))))

        def _send(self, status: int, body: Any) -> None:
            payload = body if isinstance(body, bytes) else json.dumps(body).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)
            except (BrokenPipeError, ConnectionResetError):
                pass  # who asked waits no longer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()


def completion(text: str | None, finish: str = "stop", refusal: str | None = None) -> dict[str, Any]:
    """A chat completion as OpenAI sends it."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion", "created": 0, "model": "writer", "choices": [choice]}
