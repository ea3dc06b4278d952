"""`crossover data`: is a file of examples in order, and its split into training and validation."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crossover.adapters.examples import DataError, DataSet

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="Check and split files of training examples.")


@app.command(epilog="Example: [b]crossover data check examples.jsonl --json[/b]")
def check(
    files: Annotated[list[Path], typer.Argument(help="Files of examples.", metavar="FILE…")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")] = False,
) -> None:
    """Say what is wrong with files of examples, one line a finding; exit code 2 when anything is."""
    from crossover.adapters.formats.detect import check as read_all

    readings = [read_all(file) for file in files]
    findings = [error for reading in readings for error in reading.errors]
    if as_json:
        formats = sorted({reading.format for reading in readings if reading.format})
        rows = sum(reading.rows for reading in readings)
        document = {"format": ", ".join(formats), "rows": rows, "findings": [_finding(error) for error in findings]}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(str(finding))
        for reading in readings:
            what = f"{reading.rows} rows, {len(reading.examples)} examples"
            typer.echo(f"{reading.path}: {what}{f', format {reading.format}' if reading.format else ''}", err=True)
    if findings:
        raise typer.Exit(2)


@app.command(epilog="Example: [b]crossover data split examples.jsonl --validation 0.1[/b]")
def split(
    file: Annotated[Path, typer.Argument(help="A file of examples.")],
    validation: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the questions held out.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Which questions those are.")] = 0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for both parts; else beside.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")] = False,
) -> None:
    """Split examples into NAME.train.jsonl and NAME.validation.jsonl; equal questions stay together."""
    from crossover.adapters.formats import read

    folder = output or file.parent
    parts = read(file).split(validation, seed)
    folder.mkdir(parents=True, exist_ok=True)
    written = {part.name: _write(part, folder) for part in parts}
    if as_json:
        rows = {part.name: len(part.examples) for part in parts}
        typer.echo(json.dumps([{"file": str(file), "examples": rows[name]} for name, file in written.items()]))
    else:
        for part in parts:
            typer.echo(f"{written[part.name]}: {len(part.examples)} examples")


def _write(part: DataSet, folder: Path) -> Path:
    path = folder / f"{part.name}.jsonl"
    beside = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        beside.write_text("".join(example.to_json() + "\n" for example in part.examples), encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def _finding(error: DataError) -> dict[str, str | int]:
    return {
        "file": error.file,
        "line": error.line,
        "field": error.field,
        "level": "error",
        "code": error.code,
        "message": f"found {error.found}, expected {error.expected}",
    }
