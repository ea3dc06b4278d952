"""The only path of a question: prepare it, generate, check the citations; whole or as a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from crossover.adapters.prompt import UNKNOWN
from crossover.indexer.document import Passage
from crossover.server.citations import AnswerText
from crossover.server.engine.client import GenerationRequest
from crossover.server.logprobs import chat_logprobs
from crossover.server.preparation import Prepared, prepare
from crossover.server.protocol import Question
from crossover.server.services import Services
from crossover.server.strategies import ABSTAINING


@dataclass(frozen=True, slots=True)
class AnswerChoice:
    """One answer text, or the next piece of it; `logprobs` in the shape of chat completions."""

    index: int
    text: str
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answered question; `trace` is its `crossover` object."""

    choices: list[AnswerChoice]
    prompt_tokens: int
    completion_tokens: int
    trace: dict[str, Any] = field(default_factory=dict)


async def answer(question: Question, services: Services, found: Sequence[Passage] | None = None) -> Answer:
    """The whole answer.

    Args:
        question: what is asked, and how.
        services: index, engine, adapters.
        found: passages retrieved before for the same question, so that they need not be again.

    Raises:
        ValueError, LookupError, RuntimeError: as errors.py draws them.
    """
    prepared = await prepare(question, services, found)
    started = perf_counter()
    if prepared.strategy is ABSTAINING:
        return Answer(_refusals(prepared), 0, 0, _finished(prepared, started))
    completion = await services.engine.generate(_request(prepared, services))
    choices = []
    for choice in completion.choices:
        text = _ChoiceText(prepared, services)
        content = text.feed(choice.text, choice.logprobs) + text.finish()
        choices.append(AnswerChoice(choice.index, content, choice.finish_reason, text.logprobs()))
    return Answer(choices, completion.prompt_tokens, completion.completion_tokens, _finished(prepared, started))


async def stream(question: Question, services: Services) -> AsyncGenerator[Answer, None]:
    """The answer piece by piece; the last piece has no choices, and carries token counts and trace."""
    prepared = await prepare(question, services)
    started = perf_counter()
    if prepared.strategy is ABSTAINING:
        yield Answer(_refusals(prepared), 0, 0)
        yield Answer([], 0, 0, _finished(prepared, started))
        return
    texts: dict[int, _ChoiceText] = {}
    counts = (0, 0)
    async with aclosing(services.engine.stream(_request(prepared, services))) as pieces:
        async for piece in pieces:
            counts = (piece.prompt_tokens, piece.completion_tokens)
            choices = []
            for choice in piece.choices:
                text = texts.setdefault(choice.index, _ChoiceText(prepared, services))
                content = text.feed(choice.text, choice.logprobs)
                if choice.finish_reason:
                    content += text.finish()
                if content or choice.finish_reason:
                    choices.append(AnswerChoice(choice.index, content, choice.finish_reason, text.logprobs()))
            if choices:
                yield Answer(choices, 0, 0)
    yield Answer([], *counts, _finished(prepared, started))


class _ChoiceText:
    """One choice on its way out: its text cleaned, its log-probabilities collected until text goes with them."""

    def __init__(self, prepared: Prepared, services: Services) -> None:
        self._cleaner = AnswerText(len(prepared.passages))
        self._special = services.tokenizer.special_tokens
        self._top: int | None = prepared.sampling.get("logprobs")
        self._entries: list[dict[str, Any]] = []
        self._first = True
        self._dropped = prepared.trace["dropped"]

    def feed(self, piece: str, raw: Mapping[str, Any] | None) -> str:
        if raw is not None and self._top is not None:
            entries = chat_logprobs(raw, self._special, self._top, first=self._first)
            self._first = self._first and not entries
            self._entries += entries
        return self._cleaner.feed(piece)

    def finish(self) -> str:
        self._dropped["citations"] += self._cleaner.removed
        return self._cleaner.finish()

    def logprobs(self) -> dict[str, Any] | None:
        """The log-probabilities since the last call; None when nobody asked for them."""
        if self._top is None:
            return None
        entries, self._entries = self._entries, []
        return {"content": entries, "refusal": None}


def _refusals(prepared: Prepared) -> list[AnswerChoice]:
    """As many choices as were asked for; no model was, so that none has log-probabilities."""
    return [AnswerChoice(n, UNKNOWN, "stop") for n in range(prepared.sampling.get("n", 1))]


def _request(prepared: Prepared, services: Services) -> GenerationRequest:
    # The alias is looked up at the last moment: a promotion meanwhile may have unloaded the version of before.
    model = services.engine.base_model
    if prepared.alias is not None:
        model = services.promoted.get(prepared.alias, prepared.strategy.name).served_name
        prepared.trace["adapter"] = model
    return GenerationRequest(
        prepared.fitted.prompt, model, {**prepared.sampling, "max_tokens": prepared.fitted.max_tokens}
    )


def _finished(prepared: Prepared, started: float) -> dict[str, Any]:
    prepared.trace["timings_ms"]["generate"] = round((perf_counter() - started) * 1000, 3)
    return prepared.trace
