"""`crossover data pairs`: answers sampled from a model, ranked, as preference pairs for `train --method dpo`."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossover.adapters.data_options import Json, MapOption, TemplateOption, form_of, stop, tell_warnings

if TYPE_CHECKING:
    from crossover.adapters.cli import CommandContext
    from crossover.adapters.preferences.asked import Asked
    from crossover.adapters.preferences.endpoint import Endpoint
    from crossover.adapters.preferences.judge import Tally
    from crossover.adapters.preferences.ranking import Ranked
    from crossover.adapters.preferences.sampling import SampleOptions, Scores

EPILOG = "Example: [b]crossover data pairs questions.jsonl -o pairs.jsonl --model finetune:support[/b]"
_CRITERIA_HELP = 'What makes an answer better for the judge, as the end of "The better one is …".'


def pairs(
    ctx: typer.Context,
    questions: Annotated[
        Path, typer.Argument(help="Questions with references, labelled examples, or with --judge questions alone.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write, as JSON Lines in UTF-8.")],
    model: Annotated[
        str | None,
        typer.Option(help="Who answers, such as finetune:NAME; without it base, or the only model at --url."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Another OpenAI-compatible server, with /v1; else the one that runs on this home."),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(metavar="URL#MODEL", help="Who ranks: an OpenAI-compatible model; without it the references do."),
    ] = None,
    criteria: Annotated[str | None, typer.Option(help=_CRITERIA_HELP)] = None,
    n: Annotated[int, typer.Option("-n", "--answers", min=1, max=128, help="Answers sampled for each question.")] = 4,
    with_reference: Annotated[
        bool, typer.Option("--with-reference", help="Rank the references too: for what the model never answers well.")
    ] = False,
    margin: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="By how much, of 1, the better answer must be better.")
    ] = 0.2,
    per_question: Annotated[int, typer.Option(min=1, help="Pairs of one question at most.")] = 1,
    temperature: Annotated[float, typer.Option(min=0.0, max=2.0, help="Of the sampling.")] = 1.0,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 64,
    seed: Annotated[
        int | None, typer.Option(help="Of the sampling, for servers that take one; without it they draw anew.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Requests under way at once.")] = 16,
    api_key_env: Annotated[
        str, typer.Option(metavar="VARIABLE", help="The environment variable with the key for --url and --judge.")
    ] = "OPENAI_API_KEY",
    mapping: MapOption = None,
    template: TemplateOption = None,
    as_json: Json = False,
) -> None:
    """Sample answers to each question, rank them, and write the better and the worse one: prompt, chosen, rejected.

    Ranked by references, an answer is as good as the words that it shares with the best of them (token F1). A judge
    compares every two answers in both orders. Ties and pairs without a clear difference are left out and counted.
    """
    from crossover.adapters.durable import replace_text
    from crossover.adapters.preferences.sampling import SampleOptions

    context: CommandContext = ctx.obj
    if criteria is not None and judge is None:
        raise ValueError("--criteria is for the judge: give --judge URL#MODEL too")
    asked = _read(questions, mapping, template, needs_references=judge is None or with_reference)
    key = os.environ.get(api_key_env) or "unused"
    sampled = _endpoint(context, url, model, key)
    judging = _judging(context, judge, key) if judge is not None else None
    options = SampleOptions(n, temperature, max_tokens, seed, with_reference, margin, per_question)
    ranked, tally = asyncio.run(_make(context, asked, sampled, judging, criteria, options, concurrency))
    if not ranked.pairs:
        raise RuntimeError(f"{questions}: no pair came out of {len(asked)} questions: {_reasons(ranked)}")
    output.parent.mkdir(parents=True, exist_ok=True)
    replace_text(output, "".join(pair.to_json() + "\n" for pair in ranked.pairs))
    judged = tally and {key: getattr(tally, key) for key in ("comparisons", "swayed", "unreadable")}
    if as_json:
        document = {"file": str(output), "questions": len(asked), "pairs": len(ranked.pairs)}
        typer.echo(json.dumps(document | {"left_out": ranked.left_out, "judge": judged}))
    else:
        typer.echo(f"{output}: {len(ranked.pairs)} pairs of {len(asked)} questions; left out: {_reasons(ranked)}")
        if tally:
            told = f"{tally.swayed} decided by their order, {tally.unreadable} without a verdict"
            typer.echo(f"judge: {tally.comparisons} comparisons, {told}")


def _read(questions: Path, mapping: str | None, template: Path | None, *, needs_references: bool) -> Sequence[Asked]:
    from crossover.adapters.examples import DataError
    from crossover.adapters.preferences.asked import read_asked

    reading = read_asked(questions, form_of(mapping, template))
    expected = "at least one: answers are ranked by them, or by --judge URL#MODEL"
    missing = [each.line for each in reading.asked if needs_references and not each.references]
    errors = reading.errors + [
        DataError(questions, line, "references", found="none", expected=expected, code="missing") for line in missing
    ]
    if errors or not reading.asked:
        stop(errors or [DataError(questions, 0, "file", found="no question", expected="some", code="no-question")])
    tell_warnings(reading.warnings)
    return reading.asked


def _endpoint(context: CommandContext, url: str | None, model: str | None, key: str) -> Endpoint:
    from crossover.adapters.preferences.endpoint import Endpoint

    if url is not None:
        return Endpoint(url, model or "", key)
    server = context.live_server()
    if server is None:
        raise RuntimeError("no server runs on this home to ask: crossover serve, or name one by --url")
    return Endpoint(f"{server}/v1", model or "base", local=True)


def _judging(context: CommandContext, judge: str, key: str) -> Endpoint:
    """Where the judge is: URL#MODEL, URL for its only model, or a model of the server on this home."""
    url, _, model = judge.partition("#")
    return _endpoint(context, url, model, key) if "://" in url else _endpoint(context, None, judge, key)


async def _make(
    context: CommandContext,
    asked: Sequence[Asked],
    sampled: Endpoint,
    judging: Endpoint | None,
    criteria: str | None,
    options: SampleOptions,
    concurrency: int,
) -> tuple[Ranked, Tally | None]:
    from rich.console import Console
    from rich.progress import Progress

    from crossover.adapters.preferences.endpoint import Asker
    from crossover.adapters.preferences.judge import CRITERIA, AnswerJudge
    from crossover.adapters.preferences.sampling import make_pairs

    async with AsyncExitStack() as stack:
        asker = await stack.enter_async_context(Asker(sampled, concurrency))
        judge = None
        if judging is not None:
            judge = AnswerJudge(await stack.enter_async_context(Asker(judging, concurrency)), criteria or CRITERIA)
        scores = judge.scores if judge else _by_reference(context)
        bar = stack.enter_context(Progress(console=Console(stderr=True)))
        task = bar.add_task("questions", total=len(asked))
        ranked = await make_pairs(asked, asker, scores, options, lambda: bar.advance(task))
    return ranked, judge.tally if judge else None


def _by_reference(context: CommandContext) -> Scores:
    from crossover.adapters.preferences.ranking import by_reference

    statistics = context.judge()
    if statistics is None:
        raise RuntimeError("this process has no metric to rank with: give --judge URL#MODEL")
    score = statistics.score

    async def scores(asked: Any, answers: Sequence[str]) -> list[float]:
        return by_reference(asked, answers, score)

    return scores


def _reasons(ranked: Ranked) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in ranked.left_out.most_common()) or "none"
