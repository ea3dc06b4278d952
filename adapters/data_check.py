"""`crossover data check`: what is wrong with files of examples, in form and in substance, and a verdict."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.adapters.data_options import Json, MapOption, SkipBadOption, TemplateOption, form_of, keep_rejected

if TYPE_CHECKING:
    from crossover.adapters.examples import DataError, DataWarning
    from crossover.adapters.formats.detect import Reading
    from crossover.adapters.quality.context import Context
    from crossover.adapters.settings import AdapterSettings

_SHOWN = 5  # warnings of one kind in one file


class Aim(StrEnum):
    """What examples can teach."""

    STYLE = "style"
    TASK = "task"
    FACTS = "facts"


@dataclass(frozen=True)
class Checked:
    """What came out of a check of some files."""

    readings: list[Reading]
    findings: list[DataError | DataWarning]
    verdict: str


def check(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(help="JSON Lines, JSON arrays, CSV or Parquet, gzipped or not.", metavar="FILE…")
    ],
    against: Annotated[
        Path | None,
        typer.Option(metavar="QUESTIONS", help="An evaluation set, whose questions must not be among the examples."),
    ] = None,
    aim: Annotated[Aim | None, typer.Option(help="What the examples shall teach: how many that takes.")] = None,
    mapping: MapOption = None,
    template: TemplateOption = None,
    skip_bad: SkipBadOption = False,
    show_all: Annotated[bool, typer.Option("--all", help="Print every finding, however often it repeats.")] = False,
    as_json: Json = False,
) -> None:
    """Say what is wrong with files of examples, one line a finding, and whether they are fit to learn from.

    Errors are rows that cannot be read. Warnings are what is learnt badly, or should not be: duplicates,
    contradictions, questions that stand in two files or in the evaluation set, answers that are none, rows beyond
    the base model's context, other languages, lopsided labels, personal data and keys, too few examples.

    Exit code 2 on any error, 0 with warnings. With --skip-bad the bad rows go to NAME.rejected.jsonl, each with its
    reason, and the exit code is 0 when good rows remain; it is still 2 where none does or a file breaks off.
    """
    from crossover.adapters.formats.detect import check as read_all

    form = form_of(mapping, template)
    readings = [read_all(file, form) for file in files]
    checked = examine_readings(readings, ctx.obj.settings, against, aim.value if aim else "")
    if as_json:
        typer.echo(json.dumps(_document(checked), ensure_ascii=False))
    else:
        for line in _lines(checked.findings, show_all=show_all):
            typer.echo(line)
        for reading in readings:
            typer.echo(_summary(reading, checked.findings), err=True)
        typer.echo(checked.verdict, err=True)
    if skip_bad:
        for reading in readings:
            keep_rejected(reading.rejected, reading.path)
    if any(reading.fails(skip_bad=skip_bad) for reading in readings):
        raise typer.Exit(2)


def examine_readings(readings: Sequence[Reading], settings: AdapterSettings, against: Path | None, aim: str) -> Checked:
    """All findings of some files, those of form and those of substance, by file and line.

    Raises:
        DataError: the evaluation set cannot be read, or holds no questions.
    """
    from crossover.adapters.quality.amount import different_questions
    from crossover.adapters.quality.checks import examine
    from crossover.adapters.quality.examined import Examined, Source
    from crossover.adapters.quality.questions import read_questions
    from crossover.adapters.quality.verdict import verdict

    context = _context(settings)
    sources = [Source(str(each.path), each.format, each.places, tuple(each.examples)) for each in readings]
    examined = Examined(
        sources=sources,
        against=read_questions(against) if against else (),
        against_file=str(against or ""),
        context=context,
        aim=aim,
    )
    order = {str(reading.path): number for number, reading in enumerate(readings)}
    findings: list[DataError | DataWarning] = list(examine(examined))
    for reading in readings:
        findings += [*reading.errors, *reading.warnings]
    # What concerns a file as a whole stands behind what concerns its rows.
    findings.sort(
        key=lambda finding: (order[finding.file], finding.level == "warning" and not finding.line, finding.line)
    )
    rows = sum(len(source.examples) for source in sources)
    notes = [] if context else ["Lengths were not looked at: the base model's tokenizer is not on this machine."]
    return Checked(list(readings), findings, verdict(findings, rows, different_questions(examined), notes))


def _context(settings: AdapterSettings) -> Context | None:
    from crossover.adapters.base_model import resolve
    from crossover.adapters.quality.context import find_context

    return find_context(resolve(settings.base_model), settings.prompts)


def _lines(findings: Sequence[DataError | DataWarning], *, show_all: bool) -> Iterator[str]:
    """The findings as lines; warnings of one kind beyond the first few become one line that counts them."""
    kinds = Counter((finding.file, finding.code) for finding in findings if finding.level == "warning")
    told: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        kind = (finding.file, finding.code)
        told[kind] += 1
        if show_all or finding.level == "error" or told[kind] <= _SHOWN:
            yield str(finding)
        elif told[kind] == _SHOWN + 1:
            yield f"{finding.file}: … and {kinds[kind] - _SHOWN} warnings more of {finding.code} (--all shows them)"


def _document(checked: Checked) -> dict[str, object]:
    from crossover.adapters.quality.verdict import summarise

    readings = checked.readings
    return {
        "format": ", ".join(sorted({reading.format for reading in readings if reading.format})),
        "rows": sum(reading.rows for reading in readings),
        "findings": [_as_json(finding) for finding in checked.findings],
        "summary": summarise(checked.findings),
        "verdict": checked.verdict,
        "files": [
            {"file": str(each.path), "format": each.format, "rows": each.rows, "examples": len(each.examples),
             "proof": each.proof}
            for each in readings
        ],
    }  # fmt: skip


def _summary(reading: Reading, findings: Sequence[DataError | DataWarning]) -> str:
    levels = Counter(finding.level for finding in findings if finding.file == str(reading.path))
    known = f", format {reading.format}" if reading.format else ""
    proof = f" ({reading.proof})" if reading.proof else ""
    counts = f"{levels['error']} errors, {levels['warning']} warnings"
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
