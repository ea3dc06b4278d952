"""ragas' language model and judged metrics over any OpenAI-compatible endpoint. Imports ragas, which takes seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from langchain_core.outputs import Generation, LLMResult
from langchain_core.prompt_values import PromptValue
from openai import AsyncOpenAI
from ragas.llms.base import BaseRagasLLM
from ragas.metrics._answer_relevance import ResponseRelevancy
from ragas.metrics._context_precision import LLMContextPrecisionWithReference
from ragas.metrics._context_recall import LLMContextRecall
from ragas.metrics._factual_correctness import FactualCorrectness
from ragas.metrics._faithfulness import Faithfulness
from ragas.metrics.base import SingleTurnMetric
from ragas.run_config import RunConfig

from crossover.adapters.thoughts import without_thoughts
from crossover.eval.judge.endpoint import JudgeEndpoint

_RETRIES = 2  # of one request that timed out or found the server busy; ragas itself asks again for broken JSON


class NoVerdict(RuntimeError):
    """The judge answered with nothing that could be read."""


class OpenAiJudge(BaseRagasLLM):
    """What ragas asks, sent as chat completions; an async context manager."""

    def __init__(self, endpoint: JudgeEndpoint) -> None:
        super().__init__(run_config=RunConfig(max_retries=1))
        self._model = endpoint.model
        self._client = AsyncOpenAI(
            base_url=endpoint.url, api_key=endpoint.key or "none", timeout=endpoint.timeout, max_retries=_RETRIES
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def agenerate_text(
        self,
        prompt: PromptValue,
        n: int = 1,
        temperature: float | None = 0.01,
        stop: list[str] | None = None,
        callbacks: Any = None,
    ) -> LLMResult:
        """`n` replies, each asked for on its own: not every server takes `n`."""
        texts = await asyncio.gather(*(self._reply(prompt.to_string(), temperature) for _ in range(n)))
        return LLMResult(generations=[[Generation(text=text) for text in texts]])

    def generate_text(self, *_: Any, **__: Any) -> LLMResult:
        """Never called: the metrics ask asynchronously."""
        raise NotImplementedError

    def is_finished(self, response: LLMResult) -> bool:
        """True: a reply that was cut off has already been refused."""
        return True

    async def _reply(self, prompt: str, temperature: float | None) -> str:
        reply = await self._client.chat.completions.create(
            model=self._model, messages=[{"role": "user", "content": prompt}], temperature=temperature or 0.0
        )
        choice = reply.choices[0] if reply.choices else None
        said = without_thoughts(choice.message.content or "") if choice else ""
        if choice is None or not said:
            raise NoVerdict("the judge refused" if choice and choice.message.refusal else "an empty reply")
        if choice.finish_reason == "length":
            raise NoVerdict("its reply was cut off")
        return said


class _Embeddings:
    """Our embedding in the two calls that answer relevancy makes."""

    def __init__(self, embed: Callable[[Sequence[str]], Any]) -> None:
        self._embed = embed

    def embed_query(self, text: str) -> Any:
        return self._embed([text])[0]

    def embed_documents(self, texts: Sequence[str]) -> Any:
        return self._embed(list(texts))


def judged_metrics(llm: OpenAiJudge, embed: Callable[[Sequence[str]], Any]) -> dict[str, SingleTurnMetric]:
    """ragas' own metrics by the names in `judging.METRICS`."""
    return {
        "faithfulness": Faithfulness(llm=llm),
        "answer_relevancy": ResponseRelevancy(llm=llm, embeddings=_Embeddings(embed)),
        "factual_correctness": FactualCorrectness(llm=llm),
        "context_precision": LLMContextPrecisionWithReference(llm=llm),
        "context_recall": LLMContextRecall(llm=llm),
    }
