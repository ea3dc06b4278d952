"""What comes in: OpenAI's chat request and Crossover's extension of it, checked field by field.

Every field is honoured or refused with its name. Source of names and ranges: OpenAI's API reference,
"Create chat completion".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from crossover.adapters.prompt import Message
from crossover.indexer.filters import DocumentFilter
from crossover.server.bodies import parse_json, validate
from crossover.server.errors import AdapterNotUsed, BadRequest, ModelNotFound
from crossover.server.strategies import AUTO, NAMES, STRATEGIES

# Values that change nothing, so that clients which always send a field are not turned away.
_HARMLESS: dict[str, tuple[Any, ...]] = {
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "parallel_tool_calls": (True, False),
    "prompt_cache_retention": ("in_memory",),
}
_REFUSED: dict[str, str] = {
    "tools": "tool calls are not supported",
    "tool_choice": "tool calls are not supported",
    "parallel_tool_calls": "tool calls are not supported",
    "functions": "function calls are not supported",
    "function_call": "function calls are not supported",
    "response_format": 'only {"type": "text"} is supported',
    "modalities": 'only ["text"] is supported',
    "audio": "answers are text only",
    "store": "answers are not stored",
    "service_tier": "there is one service tier",
}


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TextPart(_Wire):
    """A piece of a message's content; text is the only kind."""

    type: Literal["text"]
    text: str


class ChatMessage(_Wire):
    """One turn as the client sends it; `developer` is the newer name of `system`.

    Attributes:
        reasoning_content: thoughts of an earlier answer, sent back with it: taken, and never shown to a model again.
    """

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]
    reasoning_content: str | None = None

    @property
    def text(self) -> str:
        """The content as one text."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class StreamOptions(_Wire):
    """What a stream carries besides the answer."""

    include_usage: bool = False
    include_obfuscation: Literal[False] = False


class Extension(_Wire):
    """Crossover's own settings for one request.

    Attributes:
        examples: how many its prompt takes.
        passages: how many its prompt takes.
        source: passages of documents of these ids or sources alone; `*` stands for anything.
        where: passages of documents with this metadata alone.
        cost_weight: what cost weighs in `auto`.
        cascade: whether `auto` looks at its answer and asks another strategy where it is likely wrong.
    """

    examples: Annotated[int, Field(ge=0, le=64)] | None = None
    passages: Annotated[int, Field(ge=0, le=100)] | None = None
    source: Annotated[tuple[str, ...], Field(strict=False)] = ()
    where: dict[str, str] = {}
    cost_weight: Annotated[float, Field(ge=0, le=100)] | None = None
    cascade: bool | None = None


class ChatRequest(_Wire):
    """The body of POST /v1/chat/completions."""

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    crossover: Extension = Extension()
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    stop: str | Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=4)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    # Whom an answer is for: written to the request log, and of no effect on the answer.
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, str] | None = None
    # A hint for caches: vLLM's prefix cache finds shared prompts without it.
    prompt_cache_key: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What the `model` field names: a strategy, and the alias behind it."""

    strategy: str
    adapter: str | None = None

    def __str__(self) -> str:
        return f"{self.strategy}:{self.adapter}" if self.adapter else self.strategy


@dataclass(frozen=True, slots=True)
class Question:
    """One question, ready to be answered; what is None is decided by the settings.

    Attributes:
        text: the last user message.
        history: the turns before it, without system messages, oldest first.
        system: the client's own system messages, joined.
        only: the documents that passages may come from; None is all.
        max_tokens: longest answer.
        sampling: further fields of vLLM's /v1/completions.
    """

    target: Target
    text: str
    history: tuple[Message, ...] = ()
    system: str = ""
    examples: int | None = None
    passages: int | None = None
    only: DocumentFilter | None = None
    cost_weight: float | None = None
    cascade: bool | None = None
    max_tokens: int | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)


def parse_model(name: str) -> Target:
    """The strategy and alias in a model name such as ``hybrid:support``.

    Raises:
        ModelNotFound: no such strategy.
        AdapterNotUsed: an alias on a strategy that answers without an adapter.
    """
    strategy, colon, alias = name.partition(":")
    if strategy not in NAMES or (colon and not alias):
        raise ModelNotFound(
            f"model {name!r} does not exist: expected one of {', '.join(NAMES)}, "
            "or finetune:ALIAS, hybrid:ALIAS, auto:ALIAS"
        )
    if alias and strategy != AUTO and not STRATEGIES[strategy].adapter:
        raise AdapterNotUsed(f"{strategy!r} answers without an adapter: ask for {strategy!r} alone, without {alias!r}")
    return Target(strategy, alias or None)


def parse_chat(raw: bytes) -> ChatRequest:
    """The request in a JSON body.

    Raises:
        BadRequest: not JSON, or a field that is unknown, not supported or has a wrong value; `param` names it.
    """
    body = parse_json(raw)
    for name, value in list(body.items()):
        if value is None or value in _HARMLESS.get(name, ()):
            del body[name]
        elif name not in ChatRequest.model_fields:
            why = _REFUSED.get(name, "not supported")
            raise BadRequest(f"{name}: {why}; leave it out", name, "unsupported_parameter")
    messages = body.get("messages")
    for n, message in enumerate(messages if isinstance(messages, list) else ()):
        _refuse_in_message(n, message)
    request = validate(ChatRequest, body)
    _check_pairs(request)
    return request


def question_of(request: ChatRequest) -> Question:
    """The question that a chat request asks.

    Raises:
        BadRequest: it does not end with a user's message, or that is empty.
    """
    turns = [message for message in request.messages if message.role in ("user", "assistant")]
    last = len(request.messages) - 1
    if not turns or request.messages[last].role != "user":
        raise BadRequest(f"messages[{last}] must be the question: a message of the user's", f"messages[{last}]")
    if not (text := turns[-1].text.strip()):
        raise BadRequest(f"messages[{last}].content: the question is empty", f"messages[{last}].content")
    history = tuple(Message("user" if m.role == "user" else "assistant", m.text) for m in turns[:-1])
    return Question(
        target=parse_model(request.model),
        text=text,
        history=history,
        system="\n\n".join(m.text.strip() for m in request.messages if m.role in ("system", "developer")),
        examples=request.crossover.examples,
        passages=request.crossover.passages,
        only=_filter(request.crossover),
        cost_weight=request.crossover.cost_weight,
        cascade=request.crossover.cascade,
        max_tokens=request.max_completion_tokens or request.max_tokens,
        sampling=_sampling(request),
    )


def _filter(asked: Extension) -> DocumentFilter | None:
    return DocumentFilter(asked.source, asked.where) if asked.source or asked.where else None


def _refuse_in_message(n: int, message: Any) -> None:
    if not isinstance(message, dict):
        return
    for name in [name for name, value in message.items() if value is None or value == []]:
        if name not in ("role", "content"):
            del message[name]  # a client that sends an answer back sends its empty fields too
    if message.get("role") in ("tool", "function"):
        raise BadRequest(f"messages[{n}].role: tool calls are not supported", f"messages[{n}].role")
    parts = message.get("content")
    for m, part in enumerate(parts if isinstance(parts, list) else ()):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind != "text":
            place = f"messages[{n}].content[{m}].type"
            raise BadRequest(f"{place}: {kind!r} is not supported; only text is", place, "unsupported_parameter")


def _check_pairs(request: ChatRequest) -> None:
    both = {request.max_tokens, request.max_completion_tokens} - {None}
    if len(both) > 1:
        raise BadRequest("max_tokens and max_completion_tokens differ; give one of them", "max_tokens")
    if request.top_logprobs is not None and not request.logprobs:
        raise BadRequest("top_logprobs needs logprobs to be true", "top_logprobs")
    if request.stream_options is not None and not request.stream:
        raise BadRequest("stream_options needs stream to be true", "stream_options")


def _sampling(request: ChatRequest) -> dict[str, Any]:
    same = ("temperature", "top_p", "n", "stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias")
    sampling = {name: value for name in same if (value := getattr(request, name)) is not None}
    if request.logprobs:
        sampling["logprobs"] = request.top_logprobs or 0
    return sampling
