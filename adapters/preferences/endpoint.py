"""A model behind an OpenAI-compatible server, asked for answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crossover.adapters.thoughts import without_thoughts

if TYPE_CHECKING:
    from openai import APIError

_SECONDS = 300.0
_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask whom.

    Attributes:
        url: the root of the API, mostly with /v1 at its end.
        model: as a request names it; "" for the only one that the server has.
        local: whether the server is on this machine, so that no proxy stands before it.
    """

    url: str
    model: str
    api_key: str = "unused"
    local: bool = False


class Asker:
    """Asks one endpoint; an async context manager.

    Args:
        concurrency: requests under way at once.
    """

    def __init__(self, endpoint: Endpoint, concurrency: int) -> None:
        self._endpoint = endpoint
        self._model = endpoint.model
        self._at_once = asyncio.Semaphore(concurrency)

    async def __aenter__(self) -> Self:
        from openai import APIError, AsyncOpenAI, DefaultAsyncHttpxClient

        where = self._endpoint
        http = DefaultAsyncHttpxClient(trust_env=not where.local)
        self._client = AsyncOpenAI(
            base_url=where.url, api_key=where.api_key, timeout=_SECONDS, max_retries=_RETRIES, http_client=http
        )
        try:
            self._model = self._model or await self._only_model()
        except APIError as error:
            await self._client.close()
            raise _told(error, where.url) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def answers(self, messages: Sequence[dict[str, str]], n: int, **sampling: Any) -> list[str]:
        """`n` answers to a conversation; servers that give one at a time are asked again.

        Args:
            sampling: further fields of the request, such as `temperature` and `seed`.

        Raises:
            LookupError, ValueError, RuntimeError: there is no such model, the server refuses the request, or is away.
        """
        from openai import APIError

        answers: list[str] = []
        seed = sampling.pop("seed", None)
        async with self._at_once:
            while len(answers) < n:
                request = {"model": self._model, "messages": list(messages), "n": n - len(answers), **sampling}
                if seed is not None:
                    request["seed"] = seed + len(answers)
                try:
                    reply = await self._client.chat.completions.create(**request)
                except APIError as error:
                    raise _told(error, self._endpoint.url) from error
                if not reply.choices:
                    raise RuntimeError(f"{self._endpoint.url}: {self._model} gave no answer")
                answers += [without_thoughts(choice.message.content or "") for choice in reply.choices]
        return answers[:n]

    async def _only_model(self) -> str:
        names = [model.id async for model in self._client.models.list()]
        if len(names) != 1:
            raise ValueError(f"{self._endpoint.url} has the models {', '.join(names) or 'none'}: say which one to ask")
        return names[0]


def _told(error: APIError, url: str) -> Exception:
    status = getattr(error, "status_code", 0)
    body = error.body if isinstance(error.body, dict) else {}
    message = f"{url}: {body.get('message') or error.message}"
    if status == 404:
        return LookupError(message)
    return (ValueError if 400 <= status < 500 and status not in (408, 409, 429) else RuntimeError)(message)
