"""`crossover data generate|expand`: here, because they need chunks, examples and a model, whose packages are apart."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossover.adapters.data_commands import app
from crossover.adapters.data_options import Json, MapOption, TemplateOption, form_of, load, stop

if TYPE_CHECKING:
    from crossover.server.context import Context
    from crossover.server.generation.drafting import Making, Task
    from crossover.server.generation.model import Endpoint
    from crossover.server.generation.rounds import Kind, Rounds


class Review(StrEnum):
    """How a round is reviewed."""

    CSV = "csv"
    JSONL = "jsonl"
    ACCEPT_ALL = "accept-all"


Output = Annotated[
    Path, typer.Option("--output", "-o", help="Where the accepted examples go; the rounds stand beside, in OUT.rounds.")
]
ReviewOption = Annotated[
    Review,
    typer.Option(help="The file to review a round in, for a spreadsheet or an editor; accept-all waits for nobody."),
]
Url = Annotated[
    str | None, typer.Option(metavar="URL", help="An OpenAI-compatible server, such as http://HOST:8000/v1; else ours.")
]
ModelName = Annotated[str | None, typer.Option("--model", help="The model there; on our own server: base.")]
KeyVariable = Annotated[str, typer.Option("--api-key-env", metavar="NAME", help="The variable that holds its key.")]
Seconds = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds that one reply may take.")]
Against = Annotated[
    Path | None,
    typer.Option(metavar="QUESTIONS", help="An evaluation set, whose questions must not be among the examples."),
]


@app.command(epilog="Example: [b]crossover data generate docs/ -o train.jsonl --url http://HOST:8000/v1[/b]")
def generate(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files and folders, as [b]crossover index[/b] takes them.")],
    output: Output,
    per_chunk: Annotated[int, typer.Option(min=1, max=20, help="Pairs to ask for about each chunk.")] = 2,
    count: Annotated[
        int | None, typer.Option(min=1, help="Accepted pairs that are enough; else every chunk is asked about.")
    ] = None,
    against: Against = None,
    review: ReviewOption = Review.CSV,
    url: Url = None,
    model: ModelName = None,
    api_key_env: KeyVariable = "OPENAI_API_KEY",
    timeout: Seconds = 120.0,
    as_json: Json = False,
) -> None:
    """Have a model write question-answer pairs about documents, in rounds of 20 that you review.

    A pair is shown to you only if the model, asked again with the passage, gives its answer back, and if the answer's
    words stand there. Review the file that is named at the end (accept, fix, or reject with a reason, which the next
    round is told), and give the same command again, which goes on however it ended.
    """
    from crossover.indexer.chunks import chunks_of
    from crossover.server.generation.grounded import SHORTEST, Grounded
    from crossover.server.generation.model import Endpoint

    context: Context = ctx.obj
    if any(path.resolve() in output.resolve().parents for path in paths):
        raise ValueError(f"-o {output} is in a folder of documents, and would be read as one: give another place")
    chunks, skipped = chunks_of(paths, context.settings)
    for each in skipped:
        typer.echo(f"{each.path}: left out: {each.reason}", err=True)
    if short := sum(len(chunk.text) < SHORTEST for chunk in chunks):
        typer.echo(f"{short} chunks of under {SHORTEST} letters are not asked about", err=True)
    task = Grounded(chunks, context.settings.prompts, per_chunk)
    wanted = Wanted(output, review, count, against, as_json=as_json)
    _run(context, "generate", task, Endpoint(url, model, api_key_env, timeout), wanted)


@app.command(epilog="Example: [b]crossover data expand examples.jsonl -o more.jsonl --style 'polite, one line'[/b]")
def expand(
    ctx: typer.Context,
    examples: Annotated[Path, typer.Argument(help="A few dozen examples, in any format that is read.")],
    output: Output,
    style: Annotated[str, typer.Option(help="What to keep to, in words, besides the form that the answers have.")] = "",
    count: Annotated[int, typer.Option(min=1, help="Accepted examples that are enough.")] = 100,
    against: Against = None,
    review: ReviewOption = Review.CSV,
    url: Url = None,
    model: ModelName = None,
    api_key_env: KeyVariable = "OPENAI_API_KEY",
    timeout: Seconds = 120.0,
    mapping: MapOption = None,
    template: TemplateOption = None,
    as_json: Json = False,
) -> None:
    """Have a model write examples like a few dozen of yours, in rounds of 20 that you review.

    For style and task, not for facts: what it writes is invented. An example is shown to you only if its question is
    new (nearly equal ones are not) and its answer has the form that yours share. Review as for [b]generate[/b].
    """
    from crossover.server.generation.expanded import Expanded
    from crossover.server.generation.model import Endpoint

    data, _ = load(examples, form_of(mapping, template), skip_bad=False)
    task = Expanded(examples, data.examples, style)
    wanted = Wanted(output, review, count, against, as_json=as_json)
    _run(ctx.obj, "expand", task, Endpoint(url, model, api_key_env, timeout), wanted)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user wants of either command."""

    output: Path
    review: Review
    count: int | None
    against: Path | None
    as_json: bool


def _run(context: Context, kind: Kind, task: Task[Any], endpoint: Endpoint, wanted: Wanted) -> None:
    from crossover.adapters.quality.novelty import Novelty
    from crossover.adapters.quality.questions import read_questions
    from crossover.server.generation.drafting import Making, finished, settle
    from crossover.server.generation.review import BadReview
    from crossover.server.generation.rounds import Rounds

    held_out = read_questions(wanted.against) if wanted.against else ()
    with Rounds(wanted.output, kind, task.system) as rounds:
        making = Making(
            Novelty([*task.known, *(each.question for each in rounds.candidates())], held_out),
            kind="jsonl" if wanted.review is Review.JSONL else "csv",
            accept_all=wanted.review is Review.ACCEPT_ALL,
            count=wanted.count,
            tell=partial(typer.echo, err=True),
        )
        try:
            waiting = settle(rounds, making)
        except BadReview as review:
            stop(review.errors)
        if not waiting and not finished(rounds, task, making):
            waiting = asyncio.run(_make(context, rounds, task, endpoint, making))
        _show(rounds, waiting, as_json=wanted.as_json)


async def _make(context: Context, rounds: Rounds, task: Task[Any], endpoint: Endpoint, making: Making) -> Path | None:
    from crossover.server.generation.drafting import make
    from crossover.server.generation.model import open_model

    async with open_model(context, endpoint) as model:
        return await make(rounds, task, model, making)


def _show(rounds: Rounds, waiting: Path | None, *, as_json: bool) -> None:
    from crossover.server.generation.rounds import counts

    accepted, rejected = len(rounds.accepted()), len(rounds.rejected())
    if as_json:
        refused, failed = counts(rounds.all)
        document = {
            "status": "review" if waiting else "done",
            "output": str(rounds.output),
            "review": str(waiting) if waiting else None,
            "rounds": len(rounds.all),
            "accepted": accepted,
            "rejected": rejected,
            "refused": refused,
            "failed": failed,
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    typer.echo(f"{rounds.output}: {accepted} accepted, {rejected} rejected, in {len(rounds.done)} rounds")
    if waiting:
        typer.echo(f"Review {waiting} (decision: accept, fix or reject), then give the same command again.")
