"""ragas' own metrics that need no judge, run on ragas' own EvaluationDataset."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover.eval.metrics.exact_match import CITATIONS, normalise
from crossover.eval.metrics.token_f1 import token_f1
from crossover.eval.questions import Question

if TYPE_CHECKING:
    from ragas import EvaluationDataset
    from ragas.metrics.base import SingleTurnMetric

#: Texts to unit vectors, one row each.
Embed = Callable[[Sequence[str]], Any]

ANSWER_METRICS = (
    "exact_match",
    "string_present",
    "rouge_score",
    "non_llm_string_similarity",
    "semantic_similarity",
)
CONTEXT_METRICS = ("id_based_context_precision", "id_based_context_recall")


@dataclass(frozen=True, slots=True)
class RagasScore:
    """The mean of one metric over the `n` answers that it could score; `missing` are those that it could not."""

    mean: float | None
    n: int
    missing: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer as ragas needs it: `documents` are the ids of its passages, None where the arm has none."""

    question: Question
    answer: str
    passages: tuple[str, ...] = ()
    documents: tuple[str, ...] | None = None


def dataset(samples: Sequence[Sample]) -> EvaluationDataset:
    """The answers as ragas' EvaluationDataset, citations cut off.

    ragas takes one reference an answer; of several, the one that the answer is nearest to by token F1.
    """
    keep_quiet()
    from ragas import EvaluationDataset, SingleTurnSample

    return EvaluationDataset(
        samples=[
            SingleTurnSample(
                user_input=sample.question.question,
                response=normalise(sample.answer),
                reference=normalise(nearest_reference(sample)),
                retrieved_contexts=list(sample.passages) if sample.documents is not None else None,
                retrieved_context_ids=list(sample.documents) if sample.documents is not None else None,
                reference_context_ids=list(sample.question.relevant_documents) or None,
            )
            for sample in samples
        ]
    )


def score(arms: Mapping[str, Sequence[Sample]], embed: Embed) -> dict[str, dict[str, RagasScore]]:
    """Every metric's mean over each arm's answers; a metric that fits none of an arm's answers is left out there.

    Questions without references have nothing to be compared with and count as missing. A value that ragas
    cannot compute (NaN) counts as missing too and never enters a mean.
    """
    evaluations = {arm: dataset([s for s in samples if s.question.references]) for arm, samples in arms.items()}
    metrics = metrics_for(embed, evaluations.values())
    known: dict[tuple[object, ...], float] = {}
    found: dict[str, dict[str, RagasScore]] = {}
    for arm, evaluation in evaluations.items():
        columns = asyncio.run(_score_all(metrics, evaluation, known))
        scored = {name: _summary(column, len(arms[arm])) for name, column in columns.items()}
        found[arm] = {name: value for name, value in scored.items() if value.mean is not None}
    return found


async def _score_all(
    metrics: Mapping[str, SingleTurnMetric], evaluation: EvaluationDataset, known: dict[tuple[object, ...], float]
) -> dict[str, list[float | None]]:
    """Each metric's values; `known` keeps them by all that a metric looks at, for arms often say the same."""
    values: dict[str, list[float | None]] = {}
    for name, metric in metrics.items():
        column: list[float | None] = []
        for sample in evaluation:
            found, wanted = sample.retrieved_context_ids or (), sample.reference_context_ids or ()
            key: tuple[object, ...] = (name, sample.response, sample.reference)
            if name in CONTEXT_METRICS:
                key = (name, tuple(found), tuple(wanted))
                if not found or not wanted:
                    known[key] = math.nan
            if key not in known:
                known[key] = await metric.single_turn_ascore(sample)
            column.append(None if math.isnan(known[key]) else known[key])
        values[name] = column
    return values


def metrics_for(embed: Embed, evaluations: Iterable[EvaluationDataset]) -> dict[str, SingleTurnMetric]:
    """The metrics by their ragas names, ready for the answers of these data sets."""
    from ragas.metrics._answer_similarity import SemanticSimilarity
    from ragas.metrics._context_precision import IDBasedContextPrecision
    from ragas.metrics._context_recall import IDBasedContextRecall
    from ragas.metrics._rouge_score import RougeScore
    from ragas.metrics._string import ExactMatch, NonLLMStringSimilarity, StringPresence

    embeddings = _Embeddings(embed, evaluations)
    metrics = [
        ExactMatch(),
        StringPresence(),
        RougeScore(),
        NonLLMStringSimilarity(),
        SemanticSimilarity(embeddings=embeddings),
        IDBasedContextPrecision(),
        IDBasedContextRecall(),
    ]
    return {metric.name: metric for metric in metrics}


class _Embeddings:
    """What ragas calls for each text, answered from one batch computed beforehand."""

    def __init__(self, embed: Embed, evaluations: Iterable[EvaluationDataset]) -> None:
        samples = [sample for evaluation in evaluations for sample in evaluation]
        texts = sorted({text or " " for sample in samples for text in (sample.response, sample.reference)})
        self._vectors = dict(zip(texts, embed(texts), strict=True)) if texts else {}

    async def aembed_text(self, text: str) -> Any:
        return self._vectors[text]


def without_citations(text: str) -> str:
    """The text as it was written, without citations at its end."""
    return CITATIONS.sub("", text).strip()


def nearest_reference(sample: Sample) -> str:
    """Of several references the one that the answer is nearest to by token F1."""

    def nearness(reference: str) -> float:
        alone = Question("", "", (reference,), "", "")
        return token_f1(sample.answer, alone)

    return max(sample.question.references, key=nearness)


def _summary(column: Sequence[float | None], asked: int) -> RagasScore:
    known = [value for value in column if value is not None]
    return RagasScore(sum(known) / len(known) if known else None, len(known), asked - len(known))


def keep_quiet() -> None:
    """Called before ragas is imported."""
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # ragas would report every evaluation to its makers
