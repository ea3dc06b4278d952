"""What `crossover eval` prints: results on stdout, progress on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from crossover.eval.report.document import Report
    from crossover.eval.scoring import Evaluation


def show_changes(two: tuple[Evaluation, Evaluation], folders: list[Path], *, as_json: bool) -> None:
    """What changed between two folders."""
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


def show(built: Report, folder: Path, *, as_json: bool) -> None:
    """The verdict on stdout, the report's folder last; with --json the document itself."""
    from rich.console import Console

    from crossover.eval.report.recommendation import fine_tuning_sentence
    from crossover.eval.report.table import table

    if as_json:
        print(built.model_dump_json(indent=2))
        return
    out = Console(highlight=False)
    out.print(table(built))
    pays = fine_tuning_sentence(built.fine_tuning, built.trainings)
    out.print(f"\n{built.recommendation}\n{pays}\n{built.break_even.sentence}\n", markup=False)
    if built.judge:
        out.print(f"{built.judge.sentence}\n", markup=False)
    print(folder.resolve())


def progress_console() -> Console:
    """Progress goes to stderr, so that stdout holds the result alone."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
