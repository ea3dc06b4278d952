"""Options that several `crossover eval` commands share, and what some of them mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from crossover.eval.judge.verdicts import Judging
    from crossover.server.settings import Settings

QUESTIONS = (
    "Our JSONL (question, references; optional id, slice, group, relevant_documents), SQuAD JSON, CSV with these "
    "columns, ragas' EvaluationDataset, or labelled training examples; told apart by content."
)

Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON instead of the table, for scripts.")]
PricesFile = Annotated[Path | None, typer.Option("--prices", help="Prices file (TOML); without one, example prices.")]
CurveFile = Annotated[Path | None, typer.Option("--learning-curve", help="A learning-curve.json, to stand in it.")]
ExternalArms = Annotated[
    list[str] | None,
    typer.Option(
        "--arm",
        help="NAME=URL#MODEL: another OpenAI-compatible endpoint, asked zero-shot; NAME+rag=URL#MODEL: with the "
        "passages that rag got. Its key: the variable NAME_API_KEY. Repeatable.",
    ),
]
JudgeSample = Annotated[
    Path | None, typer.Option(help="Labelled answers that the judge is checked on; without it a shipped sample.")
]
Headline = Annotated[
    Literal["exact", "judge"],
    typer.Option(help="exact match, or the judge's verdicts, which takes a kappa of 0.4 on the sample."),
]


def judging(settings: Settings, sample: Path | None, headline: str) -> Judging | None:
    """Who judges, checked before anything is asked; None where the settings name nobody.

    Raises:
        JudgeError: a judge is needed and none is named, or its sample cannot be read.
    """
    from crossover.eval.judge import agreement
    from crossover.eval.judge.endpoint import JudgeEndpoint, JudgeError
    from crossover.eval.judge.verdicts import Judging

    endpoint = JudgeEndpoint.of(settings)
    if endpoint is None:
        if headline == "judge" or sample is not None:
            raise JudgeError("no judge is named: set CROSSOVER_JUDGE_URL and CROSSOVER_JUDGE_MODEL")
        return None
    path = sample or agreement.SAMPLE
    agreement.load(path)
    return Judging(endpoint, path, headline=headline == "judge")
