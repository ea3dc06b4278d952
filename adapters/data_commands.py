"""`crossover data`: is a file of examples in order, the same in another format, and its split for training."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.adapters import feedback_command, pairs_command
from crossover.adapters.data_check import check
from crossover.adapters.data_options import (
    Json,
    MapOption,
    SkipBadOption,
    TemplateOption,
    form_of,
    keep_rejected,
    load,
    stop,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossover.adapters.formats.writing import Conversation, Line
    from crossover.adapters.settings import AdapterSettings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Check, convert, split, make, generate and expand files of training examples.",
)
app.command(epilog="Example: [b]crossover data check train.jsonl test.csv --against questions.jsonl[/b]")(check)
app.command("from-feedback", epilog=feedback_command.EPILOG)(feedback_command.from_feedback)
app.command("pairs", epilog=pairs_command.EPILOG)(pairs_command.pairs)


class Target(StrEnum):
    """The formats that can be written."""

    MESSAGES = "messages"
    PROMPT_COMPLETION = "prompt-completion"
    ALPACA = "alpaca"
    TEXT = "text"
    VERTEX = "vertex"


@app.command(epilog="Example: [b]crossover data convert reviews.csv --to messages -o reviews.jsonl[/b]")
def convert(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file of examples in any format that is read.")],
    to: Annotated[Target, typer.Option("--to", help="The format to write, as JSON Lines in UTF-8.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    mapping: MapOption = None,
    template: TemplateOption = None,
    skip_bad: SkipBadOption = False,
    as_json: Json = False,
) -> None:
    """Write examples in another format; what that cannot carry is an error, and then nothing is written.

    [b]text[/b] is each conversation as the base model's chat template writes it (CROSSOVER_BASE_MODEL).
    """
    from crossover.adapters.durable import replace_text
    from crossover.adapters.examples import ORIGIN, DataWarning
    from crossover.adapters.formats.writing import to_lines

    if output.exists() and output.samefile(file):
        raise ValueError(f"{output} is the file to convert: give another name to -o")
    data, rejected = load(file, form_of(mapping, template), skip_bad=skip_bad)
    lines, refused = to_lines(file, data.examples, _writer(to, ctx.obj.settings))
    if refused and not (skip_bad and lines):
        stop([row.error for row in refused])
    if data.origins:
        expected = f"no such field: {to.value} has no place for it: train from {file}, so that the card keeps it"
        typer.echo(DataWarning(str(file), 0, ORIGIN, "where rows come from", expected, "not-carried"), err=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    left_out = keep_rejected([*rejected, *refused], file, output.parent)
    replace_text(output, "".join(line + "\n" for line in lines))
    if as_json:
        rest = str(left_out) if left_out else None
        typer.echo(json.dumps({"file": str(output), "format": to.value, "rows": len(lines), "rejected": rest}))
    else:
        typer.echo(f"{output}: {len(lines)} rows of {to.value}")


def _writer(to: Target, settings: AdapterSettings) -> Callable[[Conversation], list[Line]]:
    from crossover.adapters.formats.writing import TARGETS, to_text

    if to is not Target.TEXT:
        return TARGETS[to.value]
    from crossover.adapters.base_model import resolve
    from crossover.adapters.chat_template import ChatTokenizer

    return to_text(ChatTokenizer(resolve(settings.base_model).path, settings.chat_template_kwargs))


@app.command(epilog="Example: [b]crossover data split examples.jsonl --validation 0.1 --group ticket[/b]")
def split(
    file: Annotated[Path, typer.Argument(help="A file of examples.")],
    validation: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the questions held out.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Which questions those are.")] = 0,
    group: Annotated[
        str, typer.Option(metavar="FIELD", help="A field of the rows, such as a document, that must not be divided.")
    ] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for both parts; else beside.")] = None,
    mapping: MapOption = None,
    template: TemplateOption = None,
    skip_bad: SkipBadOption = False,
    as_json: Json = False,
) -> None:
    """Split examples into NAME.train.jsonl and NAME.validation.jsonl, so that nothing leaks from one to the other.

    Equal and nearly equal questions stay together, the turns of a conversation do, and with --group all rows that
    have one value in that field.
    """
    from crossover.adapters.durable import replace_text

    folder = output or file.parent
    data, rejected = load(file, form_of(mapping, template), skip_bad=skip_bad, group=group)
    parts = data.split(validation, seed)
    folder.mkdir(parents=True, exist_ok=True)
    keep_rejected(rejected, file, folder)
    written = {part.name: folder / f"{part.name}.jsonl" for part in parts}
    for part in parts:
        replace_text(written[part.name], part.to_jsonl())
    if as_json:
        rows = {part.name: len(part.examples) for part in parts}
        typer.echo(json.dumps([{"file": str(file), "examples": rows[name]} for name, file in written.items()]))
    else:
        for part in parts:
            typer.echo(f"{written[part.name]}: {len(part.examples)} examples")
