"""Which model judges, and for how long it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crossover.server.settings import Settings


class JudgeError(ValueError):
    """No judge is named, or a sample for it cannot be read."""


@dataclass(frozen=True, slots=True)
class JudgeEndpoint:
    """An OpenAI-compatible endpoint that judges.

    Args:
        url: the root of its API, such as https://api.openai.com/v1.
        timeout: seconds for one reply.
        concurrency: answers that are judged at once.
        embedder: the model whose vectors answer relevancy compares; empty for the packaged one.
    """

    url: str
    model: str
    key: str = ""
    timeout: float = 60.0
    concurrency: int = 16
    embedder: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The judge of the settings, None where they name none.

        Raises:
            JudgeError: a URL without a model.
        """
        if not settings.judge_url:
            return None
        if not settings.judge_model:
            raise JudgeError("CROSSOVER_JUDGE_URL is set and CROSSOVER_JUDGE_MODEL is not: name the model that judges")
        return cls(
            url=settings.judge_url.rstrip("/"),
            model=settings.judge_model,
            key=settings.judge_api_key.get_secret_value() if settings.judge_api_key else "",
            timeout=settings.judge_timeout,
            embedder=settings.embedding or "",
        )
