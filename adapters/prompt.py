"""The one prompt: what a model is asked, in training as in serving.

An adapter answers well only when it is asked as it was trained, so training,
serving and the built-in model's pre-training all call :func:`render`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

UNKNOWN = "I don't know."

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompts:
    """The system messages, one for each way of knowing; an empty one is left out."""

    closed: str = "Answer briefly."
    rag: str = "Answer from the passages. If they do not contain the answer, say that you don't know."
    hybrid: str = "Use the numbered passages to answer and cite the passage. What they lack, answer from memory."

    @property
    def digest(self) -> str:
        """A short hash: equal for equal prompts, recorded with every adapter, run and policy."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]


def with_passages(question: str, passages: Sequence[tuple[str, str]]) -> str:
    """The user message: the question, the numbered passages (title, text), the question again.

    With the question in front, every token of a passage can see whether it matches: for a small
    causal model a far easier task than to remember each fact in case it is asked for.
    """
    if not passages:
        return question
    numbered = "\n".join(f"[{n}] {_titled(title, text)}" for n, (title, text) in enumerate(passages, start=1))
    return f"Question: {question}\n\nPassages:\n{numbered}\n\nQuestion: {question}"


def render(
    question: str,
    *,
    system: str = "",
    passages: Sequence[tuple[str, str]] = (),
    examples: Sequence[tuple[str, str]] = (),
    history: Sequence[Message] = (),
) -> list[Message]:
    """The messages that ask `question`: system, examples as earlier turns, history, then the question.

    Args:
        system: our system message and the client's, already joined; left out when empty.
        passages: (title, text) pairs, the best first; cited in answers as [1], [2] …
        examples: (question, answer) pairs shown as earlier turns, the most similar last.
        history: the conversation so far, without system messages, oldest first.
    """
    messages = [Message("system", system)] if system else []
    for example_question, example_answer in examples:
        messages += [Message("user", example_question), Message("assistant", example_answer)]
    messages += history
    messages.append(Message("user", with_passages(question, passages)))
    return messages


def _titled(title: str, text: str) -> str:
    return text if not title or text.startswith(title) else f"{title}: {text}"
