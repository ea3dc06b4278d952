"""The options that every command has which reads examples, and the reading itself with what it tells on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from crossover.adapters.examples import DataError, DataSet, DataWarning
    from crossover.adapters.formats.detect import Format
    from crossover.adapters.formats.rows import BadRow

_WARNINGS_SHOWN = 5

MapOption = Annotated[
    str | None,
    typer.Option(
        "--map", metavar="question=FIELD,answer=FIELD", help="Where question and answer stand; a+b joins two fields."
    ),
]
TemplateOption = Annotated[
    Path | None,
    typer.Option("--template", metavar="FILE.jinja", help="A Jinja file whose blocks question and answer make them."),
]
SkipBadOption = Annotated[
    bool, typer.Option("--skip-bad", help="Go on without bad rows and write them to NAME.rejected.jsonl.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")]


def form_of(mapping: str | None, template: Path | None) -> Format | None:
    """What `--map` or `--template` says the rows are; None: to be seen from the rows.

    Raises:
        ValueError: both are given, or the one given cannot be used.
    """
    from crossover.adapters.formats.mapping import parse_mapping
    from crossover.adapters.formats.template import load_template

    if mapping is not None and template is not None:
        raise ValueError("--map and --template both say where question and answer stand: give one of them")
    if mapping is not None:
        return parse_mapping(mapping)
    return load_template(template) if template is not None else None


def load(file: Path, form: Format | None, *, skip_bad: bool, group: str = "") -> tuple[DataSet, list[BadRow]]:
    """The examples of a file and its bad rows; findings go to stderr. `group` is the field that rows are grouped by.

    Raises:
        typer.Exit: rows are bad and not to be skipped, or no good one is left.
    """
    from crossover.adapters.formats.detect import check

    reading = check(file, form, group=group)
    if reading.fails(skip_bad=skip_bad):
        stop(reading.errors)
    tell_warnings(reading.warnings)
    if reading.errors:
        typer.echo(f"{file}: going on without {len(reading.errors)} bad rows of {reading.rows}", err=True)
    return reading.dataset(skip_bad=skip_bad), reading.rejected


def stop(errors: Sequence[DataError]) -> NoReturn:
    """Tell what is wrong and end the command.

    Raises:
        typer.Exit: always.
    """
    for error in errors:
        typer.echo(str(error), err=True)
    raise typer.Exit(2)


def tell_warnings(warnings: Sequence[DataWarning]) -> None:
    """The first warnings, on stderr."""
    for warning in warnings[:_WARNINGS_SHOWN]:
        typer.echo(str(warning), err=True)
    if (more := len(warnings) - _WARNINGS_SHOWN) > 0:
        typer.echo(f"… and {more} warnings more: crossover data check shows all", err=True)


def keep_rejected(rows: Sequence[BadRow], file: Path, folder: Path | None = None) -> Path | None:
    """Write the bad rows of a file, if there are any, beside it or into a folder, and say where."""
    from crossover.adapters.formats.files import stem
    from crossover.adapters.formats.rejected import write_rejected

    if not rows:
        return None
    path = write_rejected(rows, folder or file.parent, stem(file))
    typer.echo(f"{path}: {len(rows)} rows with what is wrong with them", err=True)
    return path
