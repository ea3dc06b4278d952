"""`crossover eval`: run, report, fit-router, world."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from crossover.eval.options import QUESTIONS, CurveFile, ExternalArms, Headline, Json, JudgeSample, PricesFile, judging
from crossover.eval.showing import progress_console, show, show_changes

if TYPE_CHECKING:
    from rich.console import Console

    from crossover.eval.report.document import Report
    from crossover.eval.report.make import Beside
    from crossover.server.settings import Settings

eval_app = typer.Typer(no_args_is_help=True, help="Compare strategies on your questions, with statistics.")


class CommandContext(Protocol):
    """What these commands read of the root command's context."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""

    def live_server(self) -> str | None:
        """The URL of a server on this home, if one runs."""


def register(app: typer.Typer) -> None:
    """Add the group `eval` to the root command, and hand to what lies below the statistics of its gates."""
    from crossover.eval import train_retriever
    from crossover.eval.advice import command as advice
    from crossover.eval.gate_judge import make_judge
    from crossover.eval.learning_curve import command
    from crossover.eval.router import command as router_command
    from crossover.indexer.cli import app as index_app
    from crossover.server.judging import hand_in

    eval_app.command("learning-curve", epilog=command.EPILOG)(command.learning_curve)
    eval_app.command("fit-router", epilog=router_command.EPILOG)(router_command.fit_router)
    app.add_typer(eval_app, name="eval")
    train_retriever.register(index_app)
    advice.register()
    hand_in(make_judge)


@eval_app.command(epilog="Example: [b]crossover eval run questions.jsonl --strategies rag,hybrid -o verdict[/b]")
def run(
    ctx: typer.Context,
    questions: Annotated[Path, typer.Argument(help=QUESTIONS)],
    strategies: Annotated[
        str,
        typer.Option(
            help="Of base, few-shot, rag, rag+examples, finetune, hybrid, auto, with commas; without it, all but auto."
        ),
    ] = "",
    adapter: Annotated[str | None, typer.Option(help="Alias of the adapter for finetune and hybrid.")] = None,
    arm: ExternalArms = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for answers and report.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Questions under way at once.")] = 32,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 64,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="Above 0 answers differ from run to run.")] = 0.0,
    sampling_seed: Annotated[int | None, typer.Option(min=0, help="Of the draws above temperature 0.")] = None,
    gold: Annotated[
        bool, typer.Option("--gold", help="Ask again with passages of the relevant documents alone: their worth.")
    ] = False,
    train_seeds: Annotated[
        int,
        typer.Option(
            min=1,
            max=20,
            help="Trainings that what is said of fine-tuning shall rest on: the adapter's own, and as many more with "
            "other seeds, in a home of their own.",
        ),
    ] = 1,
    documents: Annotated[
        list[Path] | None, typer.Option(help="With --train-seeds: what the index holds, for that home. Repeatable.")
    ] = None,
    prices: PricesFile = None,
    judge_sample: JudgeSample = None,
    headline: Headline = "exact",
    as_json: Json = False,
) -> None:
    """Ask every question of every strategy, and report. A run that was stopped goes on where it stopped."""
    from crossover.eval import question_files
    from crossover.eval.arms import DEFAULT, resolve
    from crossover.eval.external import parse
    from crossover.eval.learning_curve.driver import train_and_ask
    from crossover.eval.learning_curve.repeating import repeats_plan
    from crossover.eval.money.prices import EXAMPLE_PRICES, load_prices
    from crossover.eval.report.make import Beside
    from crossover.eval.report.repeats import Trainings
    from crossover.eval.running import RunRequest
    from crossover.eval.running import run as ask_all
    from crossover.eval.runs import AskOptions
    from crossover.eval.serving import running_server, tidy_on_sigterm

    context: CommandContext = ctx.obj
    settings = context.settings
    names = [name.strip() for name in strategies.split(",") if name.strip()]
    console = progress_console()
    asked = question_files.read(questions)
    console.print(f"{questions}: {asked.format}, {len(asked.questions)} questions", markup=False)
    for note in asked.notes:
        console.print(f"{questions}: note: {note}", style="yellow", markup=False)
    request = RunRequest(
        questions=asked.questions,
        home=settings.home,
        strategies=names,
        adapter=adapter,
        examples=settings.few_shot,
        gold=gold,
        folder=output,
        options=AskOptions(concurrency, max_tokens, temperature, sampling_seed),
        external=parse(arm or [], names),
        prompts=settings.prompts,
    )
    resolve(names)  # wrong input is told before a model is loaded for it
    load_prices(prices or EXAMPLE_PRICES)
    plan = None
    if documents and train_seeds == 1:
        raise ValueError("--documents changes nothing without --train-seeds: leave it out")
    if train_seeds > 1 and headline == "judge":
        raise ValueError("--train-seeds: other trainings count by exact match alone; leave --headline judge out")
    if train_seeds > 1:
        plan = repeats_plan(
            adapter, train_seeds, asked.questions, documents or [], names or DEFAULT, request.options, settings
        )
    beside = Beside(repeats=Trainings.of(plan) if plan else None, judging=judging(settings, judge_sample, headline))
    with tidy_on_sigterm(), running_server(settings.home, console) as url:
        folder = ask_all(request, url, console)
    if plan:
        train_and_ask(plan, settings, console)
    _report([folder], output, prices, settings, console, beside, as_json=as_json)


@eval_app.command(epilog="Example: [b]crossover eval report verdict --fail-under hybrid=0.6[/b]")
def report(
    ctx: typer.Context,
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of runs over the same questions, or of their reports.")
    ],
    fail_under: Annotated[
        list[str] | None,
        typer.Option(help="SCORE, STRATEGY=SCORE or STRATEGY:SLICE=SCORE, 0 to 1; exit 1 when below. Repeatable."),
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for the report.")] = None,
    prices: PricesFile = None,
    learning_curve: CurveFile = None,
    again: Annotated[
        Path | None, typer.Option(help="The same questions and strategies, sampled again: what routing could gain.")
    ] = None,
    judge_sample: JudgeSample = None,
    headline: Headline = "exact",
    as_json: Json = False,
) -> None:
    """Score answers again and write the report: no question is asked. A bare SCORE means the recommended strategy.

    Two folders with the same strategies over the same questions, the older first: what changed between them.
    """
    from crossover.eval.learning_curve.document import load_curve
    from crossover.eval.report.changes import of_two
    from crossover.eval.report.make import Beside
    from crossover.eval.report.repeats import Trainings
    from crossover.eval.report.threshold import ThresholdError, parse

    context: CommandContext = ctx.obj
    thresholds = [parse(text) for text in fail_under or []]
    if (two := of_two(folders, context.settings.home)) is not None:
        if thresholds:
            raise ThresholdError("--fail-under: which of the two reports? Give the newer folder alone")
        show_changes(two, folders, as_json=as_json)
        return
    console = progress_console()
    curve = load_curve(learning_curve) if learning_curve else None
    trainings = None
    if curve and learning_curve:
        trainings = Trainings.of_curve(curve, learning_curve if learning_curve.is_dir() else learning_curve.parent)
    beside = Beside(curve, trainings, again, judging(context.settings, judge_sample, headline))
    built = _report(folders, output, prices, context.settings, console, beside, as_json=as_json)
    failures = [failure for threshold in thresholds if (failure := threshold.failure(built))]
    for failure in failures:
        console.print(f"below the threshold: {failure}", style="red", markup=False)
    if failures:
        raise typer.Exit(1)


@eval_app.command(epilog="Example: [b]crossover eval world --seed 1[/b]")
def world(
    ctx: typer.Context,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another world: other names, facts, wordings.")] = 1,
    train_seed: Annotated[int, typer.Option(min=0, help="Another seed is another training on the same data.")] = 0,
    size: Annotated[str, typer.Option(help="demo, or tiny for a quick look.")] = "demo",
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier run of this world left.")] = False,
    as_json: Json = False,
) -> None:
    """Build a made-up company's handbook, index it, train on it, serve it, change it, and compare all strategies."""
    from crossover.eval.world.flow import WorldRun, run_world

    context: CommandContext = ctx.obj
    chosen = WorldRun(seed=seed, size=size, train_seed=train_seed, fresh=fresh)
    console = progress_console()
    folder, built = run_world(chosen, context.settings, console)
    show(built, folder, as_json=as_json)


def _report(
    folders: list[Path],
    output: Path | None,
    prices: Path | None,
    settings: Settings,
    console: Console,
    beside: Beside,
    *,
    as_json: bool,
) -> Report:
    """Scores, writes and shows."""
    from crossover.eval.money.prices import EXAMPLE_PRICES, load_prices
    from crossover.eval.report.make import make, report_folder

    where = output or report_folder(folders[0])
    chosen = load_prices(prices or EXAMPLE_PRICES)
    with console.status("scoring") as status:
        built = make(folders, where, chosen, settings, settings.home, beside, status.update)
    show(built, where, as_json=as_json)
    return built
