"""A judge over real HTTP whose verdicts are known: it speaks OpenAI's protocol and answers ragas' own prompts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from openai_server import completion, openai_server

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

    def answer(headers: Mapping[str, str], body: dict[str, Any] | None) -> tuple[int, Any]:
        assert body
        judge.requests += 1
        judge.keys.add(headers.get("Authorization", ""))
        prompt = body["messages"][-1]["content"]
        how = judge.how_it_fails(prompt)
        if how == "slow":
            time.sleep(slow_seconds)
        text = {"refuses": None, "rubbish": "Well, who knows?"}.get(how, "") if how else judge.reply(prompt)
        return 400 if how == "broken" else 200, completion(text, refusal="No." if how == "refuses" else None)

    with openai_server(answer) as judge.url:
        yield judge
