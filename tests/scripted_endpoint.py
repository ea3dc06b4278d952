"""An OpenAI-compatible endpoint over real HTTP that is no Crossover server, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ScriptedEndpoint:
    """What it says to a conversation, and which conversations it had."""

    says: Callable[[list[dict[str, str]]], str]
    key: str = ""
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def answering(endpoint: ScriptedEndpoint) -> Iterator[ScriptedEndpoint]:
    """The endpoint on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": "small", "object": "model", "owned_by": "somebody"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint.asked.append(body)
            message = {"role": "assistant", "content": endpoint.says(body["messages"])}
            usage = {"prompt_tokens": 50, "completion_tokens": 3, "total_tokens": 53}
            self._send(200, {"id": "x", "object": "chat.completion", "created": 1, "model": body["model"],
                             "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                             "usage": usage})  # fmt: skip

        def _send(self, status: int, payload: Any) -> None:
            if endpoint.key and self.headers.get("Authorization") != f"Bearer {endpoint.key}":
                status, payload = 401, {"error": {"message": "no such key", "code": "invalid_api_key"}}
            data = json.dumps(payload).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
