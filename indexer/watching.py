"""`crossover index --watch`: files that change are indexed, files that go are deleted, as it happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import typer
from watchfiles import watch

from crossover.indexer.console import print_report
from crossover.indexer.index import Index
from crossover.indexer.ingestion import IngestionReport
from crossover.indexer.served import ServedIndex
from crossover.indexer.sources import SourceFile, collect

_DEBOUNCE, _STEP, _RETRY = 400, 100, 1000  # milliseconds: longest and shortest wait for more changes; between attempts
_NAMED = 5

OpenIndex = Callable[[], Index | ServedIndex]


def follow(
    paths: Sequence[Path],
    open_index: OpenIndex,
    trained_on: Callable[[Sequence[str]], list[str]],
    *,
    as_json: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Keep the index like the files under some paths until Ctrl-C, or until `stop`.

    The index is opened for each change and given back, so that a server may start, or another command run, between
    two. What fails is told and tried again with the next change, or a second later.

    Args:
        open_index: the index, or the server that holds it by then.
        trained_on: the adapters that learned from some documents.
        as_json: one line of JSON for each change instead of words.
    """
    waiting = set(paths)  # one look at everything: something may have changed since the run before
    told = ""
    changes = watch(
        *paths,
        debounce=_DEBOUNCE,
        step=_STEP,
        rust_timeout=_RETRY,
        yield_on_timeout=True,
        raise_interrupt=False,
        stop_event=stop,
    )
    for change in changes:
        waiting |= {Path(path) for _, path in change}
        if not waiting:
            continue
        try:
            report = update(paths, waiting, open_index)
        except (ValueError, LookupError, RuntimeError, OSError) as error:
            if str(error) != told:
                typer.secho(f"{_now()} error: {error}; still watching", err=True, fg="red")
            told = str(error)
            continue
        waiting, told = set(), ""
        if report.added or report.updated or report.deleted or report.skipped:
            tell(report, trained_on([*report.updated, *report.deleted]), as_json=as_json)


def tell(report: IngestionReport, learned: Sequence[str], *, as_json: bool) -> None:
    """One line of JSON, or the time, the first documents and the counts."""
    if as_json:
        typer.echo(json.dumps({**asdict(report), "trained_on": learned}, ensure_ascii=False))
        return
    typer.echo(f"{_now()} {', '.join([*report.added, *report.updated, *report.deleted][:_NAMED])}")
    print_report(report, learned)


def update(paths: Sequence[Path], changed: set[Path], open_index: OpenIndex) -> IngestionReport:
    """Index the changed files under `paths`, and delete the documents whose files are gone.

    Raises:
        ReadError: a watched path is gone: nothing is deleted, for it may be a disk that is not mounted.
    """
    files = collect(paths)
    places = {each.absolute() for each in changed}
    here = [file for file in files if not places.isdisjoint(_above(file))]
    if not here and all(place.exists() for place in places):
        return IngestionReport()  # a hidden file, or one that is not for the index
    with open_index() as index:
        return index.ingest_files(here, pruned=files)


def _above(file: SourceFile) -> list[Path]:
    """A file and the folders that it is in: where a whole folder was moved in, only the folder is told."""
    path = file.path.absolute()
    return [path, *path.parents]


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
