"""`crossover eval`: run, report, fit-router, world."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from crossover.eval.report.document import Report
    from crossover.eval.scoring import Evaluation
    from crossover.server.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON instead of the table, for scripts.")]
PricesFile = Annotated[Path | None, typer.Option("--prices", help="Prices file (TOML); without one, example prices.")]
CurveFile = Annotated[Path | None, typer.Option("--learning-curve", help="A learning-curve.json, to stand in it.")]

_QUESTIONS = (
    "Our JSONL (question, references; optional id, slice, group, relevant_documents), SQuAD JSON, CSV with these "
    "columns, ragas' EvaluationDataset, or labelled training examples; told apart by content."
)

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
    questions: Annotated[Path, typer.Argument(help=_QUESTIONS)],
    strategies: Annotated[str, typer.Option(help="Names, separated by commas; without it, all but auto.")] = "",
    adapter: Annotated[str | None, typer.Option(help="Alias of the adapter for finetune and hybrid.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for answers and report.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Questions under way at once.")] = 32,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 64,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="Above 0 answers differ from run to run.")] = 0.0,
    sampling_seed: Annotated[int | None, typer.Option(min=0, help="Of the draws above temperature 0.")] = None,
    gold: Annotated[
        bool, typer.Option("--gold", help="Ask again with passages of the relevant documents alone: their worth.")
    ] = False,
    prices: PricesFile = None,
    as_json: Json = False,
) -> None:
    """Ask every question of every strategy, and report. A run that was stopped goes on where it stopped."""
    from crossover.eval import question_files
    from crossover.eval.arms import resolve
    from crossover.eval.money.prices import EXAMPLE_PRICES, load_prices
    from crossover.eval.running import RunRequest
    from crossover.eval.running import run as ask_all
    from crossover.eval.runs import AskOptions
    from crossover.eval.serving import running_server, tidy_on_sigterm

    context: CommandContext = ctx.obj
    settings = context.settings
    names = [name.strip() for name in strategies.split(",") if name.strip()]
    console = _console()
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
    )
    resolve(names)  # wrong input is told before a model is loaded for it
    load_prices(prices or EXAMPLE_PRICES)
    with tidy_on_sigterm(), running_server(settings.home, console) as url:
        folder = ask_all(request, url, console)
    _report([folder], output, prices, settings, console, as_json=as_json)


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
    as_json: Json = False,
) -> None:
    """Score answers again and write the report: no question is asked. A bare SCORE means the recommended strategy.

    Two folders with the same strategies over the same questions, the older first: what changed between them.
    """
    from crossover.eval.report.changes import of_two
    from crossover.eval.report.threshold import ThresholdError, parse

    context: CommandContext = ctx.obj
    thresholds = [parse(text) for text in fail_under or []]
    if (two := of_two(folders)) is not None:
        if thresholds:
            raise ThresholdError("--fail-under: which of the two reports? Give the newer folder alone")
        _show_changes(two, folders, as_json=as_json)
        return
    console = _console()
    built = _report(folders, output, prices, context.settings, console, (learning_curve, again), as_json=as_json)
    failures = [failure for threshold in thresholds if (failure := threshold.failure(built))]
    for failure in failures:
        console.print(f"[red]below the threshold: {failure}[/]")
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
    console = _console()
    folder, built = run_world(chosen, context.settings, console)
    _show(built, folder, as_json=as_json)


def _report(
    folders: list[Path],
    output: Path | None,
    prices: Path | None,
    settings: Settings,
    console: Console,
    beside: tuple[Path | None, Path | None] = (None, None),
    *,
    as_json: bool,
) -> Report:
    """Scores, writes and shows; `beside` are a learning curve and a second sampling."""
    from crossover.eval.learning_curve.document import load_curve
    from crossover.eval.money.prices import EXAMPLE_PRICES, load_prices
    from crossover.eval.report.make import make, report_folder

    where = output or report_folder(folders[0])
    curve, again = beside
    chosen, given = load_prices(prices or EXAMPLE_PRICES), load_curve(curve) if curve else None
    with console.status("scoring"):
        built = make(folders, where, chosen, settings, settings.home, given, again)
    _show(built, where, as_json=as_json)
    return built


def _show_changes(two: tuple[Evaluation, Evaluation], folders: list[Path], *, as_json: bool) -> None:
    from rich.console import Console

    from crossover.eval.report.changes import changes, table

    found = changes(*two, (str(folders[0]), str(folders[1])))
    if as_json:
        print(found.model_dump_json(indent=2))
        return
    out = Console(highlight=False)
    out.print(table(found))
    out.print("\n".join(found.sentences), markup=False)
    for words, arms in (("only before", found.gone), ("only after", found.added)):
        if arms:
            out.print(f"{words}: {', '.join(arms)}", markup=False)


def _show(built: Report, folder: Path, *, as_json: bool) -> None:
    """The verdict on stdout, the report's folder last; with --json the document itself."""
    from rich.console import Console

    from crossover.eval.report.recommendation import fine_tuning_sentence
    from crossover.eval.report.table import table

    if as_json:
        print(built.model_dump_json(indent=2))
        return
    out = Console(highlight=False)
    out.print(table(built))
    out.print(
        f"\n{built.recommendation}\n{fine_tuning_sentence(built.fine_tuning)}\n{built.break_even.sentence}\n",
        markup=False,
    )
    print(folder.resolve())


def _console() -> Console:
    """Progress goes to stderr, so that stdout holds the result alone."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
