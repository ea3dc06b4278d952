"""A judge's work on an evaluation: checked on a labelled sample first, then every arm's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crossover.eval.judge.agreement import RIGHT, SAMPLE, VERDICTS, Agreement, agreement, load
from crossover.eval.judge.endpoint import JudgeEndpoint
from crossover.eval.judge.judging import METRICS, Judgement, judge
from crossover.eval.metrics.abstention import answerable
from crossover.eval.metrics.ragas_metrics import Embed
from crossover.eval.permutation import Scores
from crossover.eval.questions import OVERALL
from crossover.eval.scoring import Evaluation, samples
from crossover.eval.statistics import Estimate, estimate


@dataclass(frozen=True, slots=True)
class Judging:
    """What is asked of a judge.

    Args:
        sample: labelled answers that it is checked on.
        headline: whether its verdicts shall carry the headline; they may where it can be trusted.
    """

    endpoint: JudgeEndpoint
    sample: Path = SAMPLE
    headline: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """One arm by one metric; `missing` counts the reasons of failed judgements, and `score` is of the others."""

    score: Estimate | None
    missing: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a judge said.

    Args:
        agreements: by the names in VERDICTS.
        metrics: by arm and metric.
        right: by arm whether each answer is right, shape (questions,); NaN where the judge failed.
    """

    judge: str
    sample: str
    agreements: Mapping[str, Agreement]
    metrics: Mapping[str, Mapping[str, Judged]]
    right: Mapping[str, Scores]

    @property
    def trusted(self) -> bool:
        """Whether its verdicts on right and wrong may carry the headline."""
        return self.agreements["right"].trusted


def verdicts(
    evaluation: Evaluation, judging: Judging, embed: Embed, cache: Path, told: Callable[[str], None]
) -> Verdicts:
    """The sample's agreement, and all judged metrics of all arms.

    Args:
        embed: texts to unit vectors.
        cache: a folder where judgements are kept.
        told: called with the progress in words.

    Raises:
        JudgeError: the sample cannot be read.
    """
    agreements = {}
    for label, metric in VERDICTS.items():
        rows = [row for row in load(judging.sample) if label in row.labels]
        tried = judge([row.sample for row in rows], judging.endpoint, embed, cache, [metric], told)
        agreements[label] = agreement([row.labels[label] for row in rows], [row.kind for row in rows], tried[metric])
    metrics: dict[str, dict[str, Judged]] = {}
    right: dict[str, Scores] = {}
    every = [sample for run in evaluation.runs for sample in samples(evaluation, run)]
    found = judge(every, judging.endpoint, embed, cache, told=told)
    for number, run in enumerate(evaluation.runs):
        mine = slice(number * len(run.rows), (number + 1) * len(run.rows))
        metrics[run.arm] = {
            name: judged
            for name in METRICS
            if (judged := _judged(found[name][mine], evaluation)).score is not None or judged.missing
        }
        right[run.arm] = _right(found["factual_correctness"][mine], run.exact, evaluation)
    return Verdicts(
        judge=judging.endpoint.model,
        sample=judging.sample.name,
        agreements=agreements,
        metrics=metrics,
        right=right,
    )


def _judged(column: Sequence[Judgement | None], evaluation: Evaluation) -> Judged:
    rows = zip(column, evaluation.groups, evaluation.mask(OVERALL), strict=True)
    asked = [(found, group) for found, group, chosen in rows if found and chosen]
    known = [(found.value, group) for found, group in asked if found.value is not None]
    return Judged(
        score=estimate(np.array([value for value, _ in known]), [group for _, group in known]) if known else None,
        missing=Counter(found.reason for found, _ in asked if found.value is None),
    )


def _right(column: Sequence[Judgement | None], exact: Scores, evaluation: Evaluation) -> Scores:
    """1 or 0 by the judge; where it has nothing to judge (no answer, or nothing to answer), by exact match."""
    return np.array(
        [
            by_rule
            if found is None or not answerable(question)
            else np.nan
            if found.value is None
            else float(found.value >= RIGHT)
            for found, by_rule, question in zip(column, exact, evaluation.questions, strict=True)
        ]
    )
