"""The worlds that the long proofs are made on: trained and asked as the demo is, and asked some more.

    python -m crossover.eval.bench.worlds 31 32 33 --census 216 --sampled        keeps all in build/prove/worlds
    python -m crossover.eval.bench.worlds 51 --size changed --census 500 --slices fresh

Beside the run of `crossover eval world`, each world's home gets runs/census (many more questions about the same facts)
and runs/sampled-1 and -2 (the same questions at a temperature above 0). What is there already is not asked again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.adapters.durable import replace_text
from crossover.eval.commands import step
from crossover.eval.questions import QuestionSet, load
from crossover.eval.running import RunRequest, run
from crossover.eval.runs import AskOptions
from crossover.eval.serving import running_server, tidy_on_sigterm
from crossover.eval.world.flow import ADAPTER, WorldRun, run_world
from crossover.eval.world.generator import generate
from crossover.eval.world.size import SIZES, WHOLE, Grade
from crossover.server.settings import Settings
from crossover.server.settings import load as load_settings
from crossover.server.strategies import STRATEGIES

ROOT = Path("build/prove")
CENSUS, SAMPLED = "census", ("sampled-1", "sampled-2")
_TEMPERATURE = 0.5
_TAUGHT, _INDEXED = (0.2, 0.4, 0.6, 0.8, 1.0), (1.0, 0.8, 0.6, 0.9, 0.7)
_ASKED = "asked.json"  # by folder what was asked of which adapter; written when all of it was answered


@dataclass(frozen=True, slots=True)
class Asking:
    """One more run on a world."""

    folder: str
    questions: QuestionSet
    options: AskOptions


def graded(seed: int) -> Grade:
    """The grade of a world that is not as it is by itself: other shares for each of 25 seeds in a row."""
    return Grade(_TAUGHT[seed % 5], _INDEXED[(seed + seed // 5) % 5])


@dataclass(frozen=True, slots=True)
class More:
    """What is asked beside the run of `crossover eval world`.

    Attributes:
        census: so many questions in each slice.
        slices: of the census; empty for all.
        sampled: the usual questions twice more, at a temperature above 0.
    """

    census: int = 0
    slices: Sequence[str] = ()
    sampled: bool = False


def make(wanted: WorldRun, more: More, settings: Settings, console: Console) -> None:
    """Train and ask what is missing of a world.

    Raises:
        StepFailed, RuntimeError: as `run_world`.
    """
    folder, _ = run_world(wanted, settings, console)
    home = wanted.home(settings)
    note = home / _ASKED
    asked = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    askings = list(_askings(wanted, home, more))
    told = {each.folder: f"{each.questions.digest} {folder.name}" for each in askings}
    missing = [each for each in askings if asked.get(each.folder) != told[each.folder]]
    if not missing:
        return
    with running_server(home, console) as url:
        for each in missing:
            with step(console, f"ask for {each.folder}"):
                request = RunRequest(
                    each.questions, home, tuple(STRATEGIES), ADAPTER,
                    examples=settings.few_shot, folder=home / "runs" / each.folder, options=each.options,
                )  # fmt: skip
                run(request, url, console)
            asked[each.folder] = told[each.folder]
            replace_text(note, json.dumps(asked, indent=2) + "\n")


def _askings(wanted: WorldRun, home: Path, more: More) -> Iterator[Asking]:
    if more.census:
        world = generate(wanted.seed, SIZES[wanted.size], wanted.grade, more.census)
        chosen = tuple(each for each in world.questions if not more.slices or each.slice in more.slices)
        yield Asking(CENSUS, QuestionSet(f"{home.name}-census", chosen), AskOptions())
    if more.sampled:
        own = QuestionSet(home.name, load(home / "world" / "questions.jsonl").questions)
        for seed, name in enumerate(SAMPLED, start=1):
            yield Asking(name, own, AskOptions(temperature=_TEMPERATURE, seed=seed))


def main(
    seeds: Annotated[list[int], typer.Argument(help="The worlds.")],
    size: Annotated[str, typer.Option(help=f"Of each: {', '.join(SIZES)}.")] = "small",
    census: Annotated[int, typer.Option(min=0, help="Questions in each slice beside the usual ones.")] = 0,
    slices: Annotated[list[str] | None, typer.Option(help="Of the census; left out: all. Repeatable.")] = None,
    sampled: Annotated[bool, typer.Option("--sampled", help="Ask twice more, at a temperature above 0.")] = False,
    grade: Annotated[bool, typer.Option("--graded", help="Teach and index a part, another for each seed.")] = False,
) -> None:
    """Make worlds for the proofs.

    Example: python -m crossover.eval.bench.worlds 31 32 33 --census 216 --sampled
    """
    console, settings = Console(stderr=True, highlight=False), load_settings(home=ROOT)
    with tidy_on_sigterm():
        for seed in seeds:
            wanted = WorldRun(seed, size, grade=graded(seed) if grade else WHOLE)
            console.rule(wanted.home(settings).name)
            make(wanted, More(census, slices or (), sampled), settings, console)


if __name__ == "__main__":
    typer.run(main)
