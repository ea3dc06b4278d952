"""A judge over real HTTP whose verdicts are known: it speaks OpenAI's protocol and answers ragas' own prompts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Whether a text is supported by another one, as this judge sees it.
Supports = Callable[[str, str], bool]


@dataclass
class ScriptedJudge:
    """What the judge thinks, and how it fails.

    Args:
        supports: its verdict, from a statement and the text that should support it.
        fails: from a prompt's input: ``slow``, ``refuses``, ``rubbish``, ``broken`` (HTTP 400) or "".
        requests: how many it was sent.
    """

    supports: Supports
    fails: Callable[[str], str] = lambda text: ""
    requests: int = 0
    url: str = ""
    keys: set[str] = field(default_factory=set)

    def reply(self, prompt: str) -> str:
        """The text of its answer to one of ragas' prompts."""
        asked = json.loads(prompt.rpartition("\ninput: ")[2].rpartition("\nOutput: ")[0])
        if "output_string" in asked:
            said: Any = {"text": asked["output_string"]}  # asked to mend its rubbish, it sends it again
        elif "statements" in asked:
            verdicts = [(s, int(self.supports(s, asked["context"]))) for s in asked["statements"]]
            said = {"statements": [{"statement": s, "reason": "planted", "verdict": v} for s, v in verdicts]}
        elif "context" in asked and "useful in arriving at" in prompt:
            said = {"reason": "planted", "verdict": int(self.supports(asked["answer"], asked["context"]))}
        elif "context" in asked:
            attributed = int(self.supports(asked["answer"], asked["context"]))
            said = {"classifications": [{"statement": asked["answer"], "reason": "planted", "attributed": attributed}]}
        elif "question" in asked:
            said = {"statements": [asked["answer"]]}
        elif "Decompose" in prompt:
            said = {"claims": [asked["response"]]}
        else:
            said = {"question": "What is asked?", "noncommittal": int("know" in asked["response"])}
        return json.dumps(said)

    def how_it_fails(self, prompt: str) -> str:
        """By what is judged, so that asking again does not help."""
        return self.fails(prompt.rpartition("\ninput: ")[2])


@contextmanager
def serving(judge: ScriptedJudge, slow_seconds: float = 1.0) -> Iterator[ScriptedJudge]:
    """The judge on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            judge.requests += 1
            judge.keys.add(self.headers.get("Authorization", ""))
            prompt = body["messages"][-1]["content"]
            how = judge.how_it_fails(prompt)
            if how == "slow":
                time.sleep(slow_seconds)
            text = {"refuses": None, "rubbish": "Well, who knows?"}.get(how, "") if how else judge.reply(prompt)
            message = {"role": "assistant", "content": text, "refusal": "No." if how == "refuses" else None}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._send(400 if how == "broken" else 200, {"id": "1", "object": "chat.completion", "created": 1,
                                                         "model": body["model"], "choices": [choice]})  # fmt: skip

        def _send(self, status: int, payload: Any) -> None:
            data = json.dumps(payload).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # the client has not waited

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    judge.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield judge
    finally:
        server.shutdown()
        server.server_close()
