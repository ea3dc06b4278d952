"""`crossover data`: is a file of examples in order, the same in another format, and its split for training."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.adapters.data_options import (
    MapOption,
    SkipBadOption,
    TemplateOption,
    form_of,
    keep_rejected,
    load,
    stop,
)

if TYPE_CHECKING:
    from crossover.adapters.examples import DataError, DataWarning
    from crossover.adapters.formats.detect import Reading

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", help="Check, convert and split files of training examples."
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")]


class Target(StrEnum):
    """The formats that can be written."""

    MESSAGES = "messages"
    PROMPT_COMPLETION = "prompt-completion"
    ALPACA = "alpaca"
    VERTEX = "vertex"


@app.command(epilog="Example: [b]crossover data check examples.jsonl reviews.csv --json[/b]")
def check(
    files: Annotated[list[Path], typer.Argument(help="JSON Lines, JSON arrays, CSV or Parquet.", metavar="FILE…")],
    mapping: MapOption = None,
    template: TemplateOption = None,
    skip_bad: SkipBadOption = False,
    as_json: Json = False,
) -> None:
    """Say what is wrong with files of examples, one line a finding.

    Exit code 2 on any error (with --skip-bad only where no good row is left, or a file breaks off), 0 with warnings.
    """
    from crossover.adapters.formats.detect import check as read_all

    form = form_of(mapping, template)
    readings = [read_all(file, form) for file in files]
    if as_json:
        typer.echo(json.dumps(_document(readings), ensure_ascii=False))
    else:
        for reading in readings:
            for finding in _findings(reading):
                typer.echo(str(finding))
            typer.echo(_summary(reading), err=True)
    if skip_bad:
        for reading in readings:
            keep_rejected(reading.rejected, reading.path.parent, reading.path.stem)
    if any(reading.fails(skip_bad=skip_bad) for reading in readings):
        raise typer.Exit(2)


@app.command(epilog="Example: [b]crossover data convert reviews.csv --to messages -o reviews.jsonl[/b]")
def convert(
    file: Annotated[Path, typer.Argument(help="A file of examples in any format that is read.")],
    to: Annotated[Target, typer.Option("--to", help="The format to write, as JSON Lines in UTF-8.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    mapping: MapOption = None,
    template: TemplateOption = None,
    skip_bad: SkipBadOption = False,
    as_json: Json = False,
) -> None:
    """Write examples in another format; what that cannot carry is an error, and then nothing is written."""
    from crossover.adapters.durable import replace_text
    from crossover.adapters.formats.writing import to_lines

    if output.exists() and output.samefile(file):
        raise ValueError(f"{output} is the file to convert: give another name to -o")
    data, rejected = load(file, form_of(mapping, template), skip_bad=skip_bad)
    lines, refused = to_lines(file, data.examples, to.value)
    if refused and not (skip_bad and lines):
        stop([row.error for row in refused])
    output.parent.mkdir(parents=True, exist_ok=True)
    left_out = keep_rejected([*rejected, *refused], output.parent, file.stem)
    replace_text(output, "".join(line + "\n" for line in lines))
    if as_json:
        rest = str(left_out) if left_out else None
        typer.echo(json.dumps({"file": str(output), "format": to.value, "rows": len(lines), "rejected": rest}))
    else:
        typer.echo(f"{output}: {len(lines)} rows of {to.value}")


@app.command(epilog="Example: [b]crossover data split examples.jsonl --validation 0.1[/b]")
def split(
    file: Annotated[Path, typer.Argument(help="A file of examples.")],
    validation: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the questions held out.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Which questions those are.")] = 0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for both parts; else beside.")] = None,
    mapping: MapOption = None,
    template: TemplateOption = None,
    skip_bad: SkipBadOption = False,
    as_json: Json = False,
) -> None:
    """Split examples into NAME.train.jsonl and NAME.validation.jsonl; equal questions stay together."""
    from crossover.adapters.durable import replace_text

    folder = output or file.parent
    data, rejected = load(file, form_of(mapping, template), skip_bad=skip_bad)
    parts = data.split(validation, seed)
    folder.mkdir(parents=True, exist_ok=True)
    keep_rejected(rejected, folder, file.stem)
    written = {part.name: folder / f"{part.name}.jsonl" for part in parts}
    for part in parts:
        replace_text(written[part.name], part.to_jsonl())
    if as_json:
        rows = {part.name: len(part.examples) for part in parts}
        typer.echo(json.dumps([{"file": str(file), "examples": rows[name]} for name, file in written.items()]))
    else:
        for part in parts:
            typer.echo(f"{written[part.name]}: {len(part.examples)} examples")


def _document(readings: list[Reading]) -> dict[str, object]:
    return {
        "format": ", ".join(sorted({reading.format for reading in readings if reading.format})),
        "rows": sum(reading.rows for reading in readings),
        "findings": [_as_json(finding) for reading in readings for finding in _findings(reading)],
        "files": [
            {"file": str(each.path), "format": each.format, "rows": each.rows, "examples": len(each.examples),
             "proof": each.proof}
            for each in readings
        ],
    }  # fmt: skip


def _findings(reading: Reading) -> list[DataError | DataWarning]:
    return sorted([*reading.errors, *reading.warnings], key=lambda finding: finding.line)


def _summary(reading: Reading) -> str:
    known = f", format {reading.format}" if reading.format else ""
    proof = f" ({reading.proof})" if reading.proof else ""
    counts = f"{len(reading.errors)} errors, {len(reading.warnings)} warnings"
    return f"{reading.path}: {reading.rows} rows, {len(reading.examples)} examples, {counts}{known}{proof}"


def _as_json(finding: DataError | DataWarning) -> dict[str, str | int]:
    return {
        "file": finding.file,
        "line": finding.line,
        "field": finding.field,
        "level": finding.level,
        "code": finding.code,
        "message": f"found {finding.found}, expected {finding.expected}",
    }
