"""The model that writes: any OpenAI-compatible server, else the one that runs on this home, else one of our own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import openai

from crossover.adapters.prompt import Message
from crossover.adapters.thoughts import without_thoughts
from crossover.server.asking import reached
from crossover.server.context import Context

if TYPE_CHECKING:
    import httpx

AT_ONCE = 8
"""Requests under way together."""
_PATIENCE = 12  # requests in a row that came to nothing: more would come to nothing too
_OWN_MODEL = "base"
_KEY_VARIABLE = "OPENAI_API_KEY"
_NO_KEY = "none"  # the client takes no empty one
_SHOWN = 120  # letters of what a server said


class NoReply(RuntimeError):
    """A request that brought no text.

    Args:
        why: the kind of failure, to be counted.
        detail: what was said.
        again: whether the same request may succeed another time.
    """

    def __init__(self, why: str, detail: str = "", *, again: bool = False) -> None:
        super().__init__(f"{why}: {detail}" if detail else why)
        self.why, self.detail, self.again = why, " ".join(detail.split())[:_SHOWN], again


class ModelGone(RuntimeError):
    """The model fails request after request."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is, as the user said.

    Attributes:
        url: of an OpenAI-compatible server, with its /v1; None for Crossover's own.
        model: its name there; None for the only one there is.
        key_variable: the environment variable that holds the key.
        seconds: how long one reply may take.
    """

    url: str | None = None
    model: str | None = None
    key_variable: str = _KEY_VARIABLE
    seconds: float = 120.0


class Model:
    """One model behind an OpenAI-compatible server."""

    def __init__(self, client: openai.AsyncOpenAI, name: str) -> None:
        self.name = name
        self._client = client
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._names = {"max_tokens": "max_tokens", "temperature": "temperature", "seed": "seed"}
        self._failed = 0  # requests in a row

    async def ask(self, messages: Sequence[Message], *, max_tokens: int, temperature: float, seed: int) -> str:
        """The text of a reply, thoughts left out.

        Raises:
            NoReply: this request brought none.
            ModelGone: nor did the ones before it.
            ValueError: the server takes no request of ours: wrong key or model.
        """
        values = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        try:
            async with self._turns:
                text = await self._complete([asdict(message) for message in messages], values)
        except NoReply as failure:
            self._failed += failure.again
            if self._failed >= _PATIENCE:
                raise ModelGone(
                    f"{self._client.base_url}: {self._failed} requests in a row came to nothing ({failure}); what was "
                    "done is kept, and the same command goes on from there"
                ) from failure
            raise
        self._failed = 0
        return text

    async def _complete(self, messages: list[Any], values: dict[str, Any]) -> str:
        sent: dict[str, Any] = {name: values[field] for field, name in self._names.items()}
        try:
            completion = await self._client.chat.completions.create(model=self.name, messages=messages, **sent)
        except openai.APITimeoutError as error:
            raise NoReply("timed out", again=True) from error
        except openai.APIConnectionError as error:
            raise NoReply("cannot be reached", str(error.__cause__ or error), again=True) from error
        except openai.BadRequestError as error:
            if error.param in sent and self._adapt(error.param):
                return await self._complete(messages, values)
            raise NoReply("refused by the server", _message(error)) from error
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            raise ValueError(
                f"{self._client.base_url}: {_message(error)}; see --model, --url, --api-key-env"
            ) from error
        except openai.APIStatusError as error:
            raise NoReply("failed at the server", f"HTTP {error.status_code} {_message(error)}", again=True) from error
        except (openai.APIResponseValidationError, ValueError) as error:  # a body that is no JSON
            raise NoReply("no chat completion", str(error)) from error
        return _text(completion)

    def _adapt(self, refused: str) -> bool:
        """Whether a field that the server does not take goes by another name, or can be left out, from now on."""
        if refused == "max_tokens":
            self._names["max_tokens"] = "max_completion_tokens"
        elif refused in ("temperature", "seed"):
            self._names.pop(refused, None)
        else:
            return False
        return True


@asynccontextmanager
async def open_model(context: Context, endpoint: Endpoint) -> AsyncIterator[Model]:
    """The model of an endpoint, while this lasts.

    Raises:
        ValueError: no URL, no key in the variable, or no name where the server has several models.
        RuntimeError: it cannot be reached, or our own cannot start.
    """
    if endpoint.url is None:
        async with (
            reached(context) as crossover,
            _client(str(crossover.base_url.join("v1")), _NO_KEY, endpoint, crossover) as client,
        ):
            yield Model(client, endpoint.model or _OWN_MODEL)
        return
    if not endpoint.url.startswith(("http://", "https://")):
        raise ValueError(f"--url {endpoint.url}: expected http://HOST:PORT/v1")
    key = os.environ.get(endpoint.key_variable, "")
    if not key and endpoint.key_variable != _KEY_VARIABLE:
        raise ValueError(f"--api-key-env {endpoint.key_variable}: no such environment variable, or it is empty")
    async with _client(endpoint.url, key or _NO_KEY, endpoint) as client:
        yield Model(client, endpoint.model or await _only_model(client))


def _client(url: str, key: str, endpoint: Endpoint, crossover: httpx.AsyncClient | None = None) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=url, api_key=key, timeout=endpoint.seconds, max_retries=1, http_client=crossover)


async def _only_model(client: openai.AsyncOpenAI) -> str:
    try:
        names = [model.id async for model in client.models.list()]
    except (openai.APIError, ValueError, TypeError, AttributeError) as error:
        raise RuntimeError(f"{client.base_url}: does not tell its models ({error}); give one with --model") from error
    if len(names) != 1:
        raise ValueError(f"--model: expected one of {', '.join(names[:8]) or '(the server lists none)'}")
    return names[0]


def _text(completion: Any) -> str:
    """What was said in a completion; servers that only resemble OpenAI's may have left out anything."""
    try:
        choice = completion.choices[0]
        text, refusal, end = choice.message.content, getattr(choice.message, "refusal", None), choice.finish_reason
    except (AttributeError, IndexError, TypeError) as error:
        raise NoReply("no chat completion", str(completion)) from error
    if refusal or end == "content_filter":
        raise NoReply("refused by the model", str(refusal or end))
    if not isinstance(text, str) or not (said := without_thoughts(text)):
        raise NoReply("an empty reply", "cut off at its length" if end == "length" else "")
    return said


def _message(error: openai.APIStatusError) -> str:
    body = error.body
    told = body.get("message") if isinstance(body, dict) else None
    return str(told or error.message)
