"""The command line of `crossover eval learning-curve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crossover.eval.learning_curve.plan import Plan
    from crossover.server.settings import Settings

EPILOG = (
    "Example: [b]crossover eval learning-curve examples.jsonl questions.jsonl --documents docs/ "
    "--sizes 10,30,100,300 --train-seeds 2 --check[/b]"
)


def learning_curve(
    ctx: typer.Context,
    examples: Annotated[Path | None, typer.Argument(help="Labelled examples, in any format of `data check`.")] = None,
    questions: Annotated[Path | None, typer.Argument(help="Questions, in any format of `eval run`.")] = None,
    documents: Annotated[
        list[Path] | None, typer.Option(help="Folder or file to retrieve from; indexed for this alone. Repeatable.")
    ] = None,
    sizes: Annotated[
        str, typer.Option(help="Numbers of examples, separated by commas; without it 10, 30, 100 … and all.")
    ] = "",
    train_seeds: Annotated[int, typer.Option(min=1, max=20, help="Trainings at each size.")] = 2,
    strategies: Annotated[str, typer.Option(help="finetune, hybrid or both.")] = "finetune,hybrid",
    with_context: Annotated[
        bool, typer.Option("--with-context/--without-context", help="Train with passages too, as hybrid needs it.")
    ] = True,
    check: Annotated[bool, typer.Option("--check", help="Train at the predicted crossing too, and ask again.")] = False,
    world: Annotated[
        int | None, typer.Option(min=0, help="Instead of files: the made-up company of this seed.")
    ] = None,
    world_size: Annotated[str, typer.Option(help="demo or tiny.")] = "demo",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for all of it; a home of its own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print learning-curve.json.")] = False,
) -> None:
    """Train on more and more examples, and tell how many it takes to overtake retrieval.

    Stopped, it goes on where it stopped; more sizes or seeds later use what is there. A report shows the result:
    [b]crossover eval report RUNS --learning-curve FILE[/b].
    """
    from rich.console import Console

    from crossover.eval.learning_curve.document import FILE
    from crossover.eval.learning_curve.driver import learning_curve as drive

    settings: Settings = ctx.obj.settings
    chosen = Options(sizes, train_seeds, strategies, with_context=with_context, check=check)
    if world is not None:
        plan = world_plan(world, world_size, output, settings, chosen)
    elif examples is not None and questions is not None:
        plan = _plan(examples, questions, documents or [], output, settings, chosen)
    else:
        raise ValueError("learning-curve: give a file of examples and one of questions, or --world SEED")
    document = drive(plan, settings, Console(stderr=True, highlight=False))
    if as_json:
        print(document.model_dump_json(indent=2))
        return
    print(f"{document.sentence} {document.by_slice}".strip() + "\n")
    for found in document.checked:
        low, high = (round(100 * edge) for edge in found.interval)
        said = "as predicted" if found.holds else "not as predicted"
        print(
            f"{found.arm} trained on {found.size:,}: {100 * found.difference:+.0f} points ({low:+} to {high:+}), {said}"
        )
    print((plan.folder / FILE).resolve())


class Options:
    """The options that both ways of asking share, as they were typed.

    Raises:
        ValueError: sizes that are no numbers, or other strategies than these two.
    """

    def __init__(
        self, sizes: str, seeds: int, strategies: str, *, with_context: bool = True, check: bool = False
    ) -> None:
        try:
            self.sizes = [int(size) for size in sizes.split(",") if size.strip()]
        except ValueError:
            raise ValueError(f"--sizes {sizes}: expected numbers separated by commas, such as 10,30,100") from None
        self.seeds = list(range(1, seeds + 1))
        self.arms = [name.strip() for name in strategies.split(",") if name.strip()]
        if not self.arms or not set(self.arms) <= {"finetune", "hybrid"}:
            raise ValueError(f"--strategies {strategies}: expected finetune, hybrid or both")
        self.with_context = with_context
        self.check = check


def _plan(
    examples: Path, questions: Path, documents: list[Path], output: Path | None, settings: Settings, options: Options
) -> Plan:
    from crossover.adapters.formats.detect import read
    from crossover.eval import question_files
    from crossover.eval.learning_curve.plan import Plan
    from crossover.eval.learning_curve.subsets import check_sizes, sizes_for

    if not documents and not settings.qdrant_url:
        raise ValueError("--documents: give the folder that rag is to answer from")
    if missing := next((path for path in documents if not path.exists()), None):
        raise ValueError(f"--documents {missing}: no such file or folder")
    if documents and settings.qdrant_url:
        raise ValueError("--documents: CROSSOVER_QDRANT_URL is set, and its documents are others'; unset one of them")
    data = read(examples)
    count = len(data.examples)
    return Plan(
        folder=output or settings.home / "curves" / examples.stem,
        examples=data,
        questions=question_files.read(questions).questions,
        before=documents,
        now=documents,
        sizes=check_sizes(options.sizes, count) if options.sizes else sizes_for(count),
        seeds=options.seeds,
        arms=options.arms,
        with_context=options.with_context,
        check=options.check,
    )


def world_plan(seed: int, size: str, output: Path | None, settings: Settings, options: Options) -> Plan:
    """The curve of a made-up company: trained on the handbook as it was, asked about it as it is now."""
    from dataclasses import replace

    from crossover.eval.questions import QuestionSet
    from crossover.eval.world.generator import generate
    from crossover.eval.world.size import SIZES

    if size not in SIZES:
        raise ValueError(f"--world-size {size}: no such size; choose from {', '.join(SIZES)}")
    folder = output or settings.home / "curves" / f"{size}-world-{seed}"
    files = folder / "world"
    if not (files / "questions.jsonl").exists():
        generate(seed, SIZES[size]).write(files)
    editions = [files / "documents" / edition for edition in ("v1", "v2")]
    plan = _plan(files / "train.jsonl", files / "questions.jsonl", editions[1:], folder, settings, options)
    named = QuestionSet(f"{size}-world-{seed}", plan.questions.questions)
    return replace(plan, before=editions[:1], questions=named)
