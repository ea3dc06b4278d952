"""The only path of a question: prepare it, generate, check citations and answer; whole or as a stream."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, TypeVar

from crossover.adapters.prompt import UNKNOWN
from crossover.adapters.thoughts import CLOSE, Thoughts
from crossover.indexer.document import Passage
from crossover.server.citations import AnswerText
from crossover.server.engine.client import Choice, GenerationRequest
from crossover.server.errors import is_fault, message_of
from crossover.server.logprobs import chat_logprobs
from crossover.server.preparation import Prepared, prepare
from crossover.server.protocol import Question, Target
from crossover.server.routing.checking import seen_of
from crossover.server.services import Services
from crossover.server.strategies import ABSTAIN, ABSTAINING, STRATEGIES

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AnswerChoice:
    """One answer text, or the next piece of it; `logprobs` in the shape of chat completions."""

    index: int
    text: str
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None
    thoughts: str = ""
    """What a model that thinks first thought: no part of the answer."""


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
    first, second = await _checked(question, prepared, services, lambda again, _: _whole(again, services))
    if second is None:
        return first
    return replace(
        second,
        prompt_tokens=first.prompt_tokens + second.prompt_tokens,
        completion_tokens=first.completion_tokens + second.completion_tokens,
    )


async def _whole(prepared: Prepared, services: Services) -> Answer:
    started = perf_counter()
    if prepared.strategy is ABSTAINING:
        return Answer(_refusals(prepared), 0, 0, _finished(prepared, started))
    completion = await services.engine.generate(_request(prepared, services))
    choices = []
    for choice in completion.choices:
        text = _ChoiceText(prepared, services)
        content = text.feed(choice.text, choice.logprobs) + text.finish()
        choices.append(text.choice(choice, content))
    return Answer(choices, completion.prompt_tokens, completion.completion_tokens, _finished(prepared, started))


async def _checked(
    question: Question, prepared: Prepared, services: Services, ask: Callable[[Prepared, Answer], Awaitable[T]]
) -> tuple[Answer, T | None]:
    """The first answer, and what comes of asking another strategy.

    Args:
        ask: takes the question for the other strategy, and the first answer. Not called, and None comes of it, where
            that answer looks right. Whatever fails, the first answer is there, and may be right.
    """
    first = await _whole(prepared, services)
    try:
        again = await _second(question, prepared, first, services)
        return first, None if again is None else await ask(again, first)
    except Exception as error:
        if is_fault(error):
            logger.exception("the second strategy failed, the first one's answer stays")
        first.trace["router"]["checked"] = {"strategy": first.trace["strategy"], "failed": message_of(error)}
        return first, None


async def _second(question: Question, prepared: Prepared, first: Answer, services: Services) -> Prepared | None:
    """The same question for another strategy, where the first one's answer does not look right."""
    second = prepared.second
    if second is None:
        return None
    text = first.choices[0].text
    right = second.right(seen_of(text, [passage.text for passage in prepared.found]))
    checked = {"strategy": prepared.strategy.name, "adapter": first.trace["adapter"], "right": round(right, 4)}
    if not second.is_worth_more(right):
        first.trace["router"]["checked"] = checked
        return None
    option = second.option
    told = {
        "reason": second.reason(right),
        "router": {**prepared.trace["router"], "checked": {**checked, "answer": text}},
    }
    if option.strategy == ABSTAIN:
        refusing = {**prepared.trace, **told, "strategy": ABSTAIN, "adapter": None, "sources": []}
        return replace(prepared, strategy=ABSTAINING, alias=None, passages=(), trace=refusing)
    row = STRATEGIES[option.strategy]
    asked = replace(
        question,
        target=Target(option.strategy, option.adapter),
        cost_weight=None,
        cascade=None,
        passages=question.passages if row.passages else None,
        only=question.only if row.passages else None,
        examples=question.examples if row.examples else None,
    )
    again = await prepare(asked, services, prepared.found)
    again.trace.update(told)
    timings = again.trace["timings_ms"]
    for name, ms in first.trace["timings_ms"].items():
        timings[name] = round(timings.get(name, 0.0) + ms, 3)
    return again


async def stream(question: Question, services: Services) -> AsyncGenerator[Answer, None]:
    """The answer piece by piece; the last piece has no choices, and carries token counts and trace.

    One that is checked is whole before its first piece.
    """
    prepared = await prepare(question, services)
    if prepared.second is None:
        async with aclosing(_generated(prepared, services)) as pieces:
            async for piece in pieces:
                yield piece
        return

    async def begin(again: Prepared, first: Answer) -> tuple[Answer, AsyncGenerator[Answer, None]]:
        pieces = _generated(again, services, first)
        return await anext(pieces), pieces

    first, second = await _checked(question, prepared, services, begin)
    if second is None:
        yield Answer(first.choices, 0, 0)
        yield replace(first, choices=[])
        return
    piece, rest = second
    async with aclosing(rest):
        yield piece
        async for piece in rest:
            yield piece


async def _generated(
    prepared: Prepared, services: Services, first: Answer | None = None
) -> AsyncGenerator[Answer, None]:
    """The answer piece by piece, its token counts with those of an answer before it."""
    spent = (first.prompt_tokens, first.completion_tokens) if first else (0, 0)
    started = perf_counter()
    if prepared.strategy is ABSTAINING:
        yield Answer(_refusals(prepared), 0, 0)
        yield Answer([], *spent, _finished(prepared, started))
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
                if content or text.thoughts or choice.finish_reason:
                    choices.append(text.choice(choice, content))
            if choices:
                yield Answer(choices, 0, 0)
    yield Answer([], counts[0] + spent[0], counts[1] + spent[1], _finished(prepared, started))


class _ChoiceText:
    """One choice on its way out: its text cleaned, its log-probabilities collected until text goes with them.

    Attributes:
        thoughts: those since the last choice.
    """

    def __init__(self, prepared: Prepared, services: Services) -> None:
        self.thoughts = ""
        # An adapter has learnt answers alone: it thinks only where it says so.
        self._parted = Thoughts(begun=services.tokenizer.opens_thought and prepared.alias is None)
        self._cleaner = AnswerText(len(prepared.passages))
        self._special = services.tokenizer.special_tokens
        self._top: int | None = prepared.sampling.get("logprobs")
        self._entries: list[dict[str, Any]] = []
        self._held: list[dict[str, Any]] = []  # of what may be a thought
        self._first = True
        self._dropped = prepared.trace["dropped"]

    def feed(self, piece: str, raw: Mapping[str, Any] | None) -> str:
        if raw is not None and self._top is not None:
            entries = chat_logprobs(raw, self._special, self._top, first=self._first)
            self._first = self._first and not entries
            self._held += entries
        over = self._parted.over
        said = self._said(*self._parted.feed(piece))
        if self._parted.over:
            self._entries += self._held if over else _behind_thoughts(self._held)
            self._held = []
        return said

    def finish(self) -> str:
        thought, rest = self._parted.finish()
        said = self._said(thought, rest) + self._cleaner.finish()
        self._entries += _behind_thoughts(self._held) if rest else []
        self._dropped["citations"] += self._cleaner.removed
        return said

    def choice(self, raw: Choice, content: str) -> AnswerChoice:
        """The content with the thoughts and log-probabilities since the last call."""
        thoughts, self.thoughts = self.thoughts, ""
        entries, self._entries = self._entries, []
        logprobs = None if self._top is None else {"content": entries, "refusal": None}
        return AnswerChoice(raw.index, content, raw.finish_reason, logprobs, thoughts)

    def _said(self, thought: str, said: str) -> str:
        self.thoughts += thought
        return self._cleaner.feed(said)


def _behind_thoughts(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of what is said: up to the end of the thoughts, where there were any, they are left out."""
    text = ""
    for n, entry in enumerate(entries, start=1):
        text += entry["token"]
        if CLOSE in text:
            return entries[n:]
    return entries


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
    timings = prepared.trace["timings_ms"]  # an answer before this one, that was checked, has its time there
    timings["generate"] = round(timings.get("generate", 0.0) + (perf_counter() - started) * 1000, 3)
    return prepared.trace
