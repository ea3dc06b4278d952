"""`crossover eval world`: a made-up company from its handbook to the verdict, on real engines.

    world -> index documents/v1 -> train --with-context -> serve, promote -> index documents/v2 -> run -> report

Each world has a home of its own, so that nothing else is touched. What an earlier run finished is kept: the adapter,
every answer, the report. So a run that was stopped goes on, and one that is complete shows its table at once.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from crossover.adapters.durable import replace_text
from crossover.eval import questions as question_sets
from crossover.eval.commands import run_command, step, train, trained
from crossover.eval.report.document import Report
from crossover.eval.report.write import JSON_FILE
from crossover.eval.serving import running_server, tidy_on_sigterm
from crossover.eval.world.generator import World, generate
from crossover.eval.world.size import SIZES, WHOLE, Grade
from crossover.server.settings import Settings

if TYPE_CHECKING:
    from crossover.adapters.registry import AdapterVersion

ADAPTER = "house"
_WORLD_FILE = "world.json"  # which world lies in the home; written when the world is complete
_DONE_FILE = "reports.json"  # finished reports by what they depend on


@dataclass(frozen=True, slots=True)
class WorldRun:
    """Which world, and which training on it."""

    seed: int
    size: str = "demo"
    train_seed: int = 0
    fresh: bool = False
    grade: Grade = WHOLE

    def home(self, settings: Settings) -> Path:
        """Where everything of it lies, apart from other worlds."""
        return settings.home.resolve() / "worlds" / f"{self.size}-seed-{self.seed}{self.grade}"


def run_world(wanted: WorldRun, settings: Settings, console: Console) -> tuple[Path, Report]:
    """The folder of the report and the report itself, made by as few steps as are missing.

    Raises:
        ValueError: no such size.
        StepFailed: indexing, training or promoting failed.
        RuntimeError: the server did not start, or went away.
    """
    if wanted.size not in SIZES:
        raise ValueError(f"--size {wanted.size}: no such size; choose from {', '.join(SIZES)}")
    home = wanted.home(settings)
    if wanted.fresh:
        shutil.rmtree(home, ignore_errors=True)
    with tidy_on_sigterm():
        return _Flow(wanted, settings.model_copy(update={"home": home}), console).run()


class _Flow:
    def __init__(self, wanted: WorldRun, settings: Settings, console: Console) -> None:
        self._wanted = wanted
        self._settings = settings
        self._home = settings.home
        self._console = console
        self._world = self._home / "world"

    def run(self) -> tuple[Path, Report]:
        with step(self._console, "a made-up company"):
            digest = self._write_world()
        adapter = self._trained()
        if adapter is not None and (folder := self._finished(digest, adapter)) is not None:
            return folder, Report.model_validate_json((folder / JSON_FILE).read_bytes())
        if adapter is None:
            with step(self._console, "index the handbook as it was"):
                self._crossover("index", str(self._world / "documents" / "v1"), "--prune")
            with step(self._console, "train an adapter on its examples"):
                adapter = self._train()
        with self._serving() as url:
            with step(self._console, "promote the adapter"):
                self._crossover("adapters", "promote", f"{ADAPTER}@{adapter.digest}")
            with step(self._console, "index the handbook as it is now"):
                self._crossover("index", str(self._world / "documents" / "v2"), "--prune")
            with step(self._console, "ask every question of every strategy"):
                runs = self._ask(url)
        with step(self._console, "compare"):
            folder, report = self._report(runs)
        self._remember(digest, adapter, folder)
        return folder, report

    def _write_world(self) -> str:
        """Write the world unless it is there; what belongs to another one, from an older generator, goes."""
        world = generate(self._wanted.seed, SIZES[self._wanted.size], self._wanted.grade)
        digest, note = _digest(world), self._home / _WORLD_FILE
        if not note.exists() or json.loads(note.read_text())["digest"] != digest:
            shutil.rmtree(self._home, ignore_errors=True)
            world.write(self._world)
            note.write_text(json.dumps({"seed": self._wanted.seed, "size": self._wanted.size, "digest": digest}) + "\n")
        return digest

    def _train(self) -> AdapterVersion:
        return train(self._settings, ADAPTER, self._world / "train.jsonl", self._wanted.train_seed, with_context=True)

    def _trained(self) -> AdapterVersion | None:
        return trained(self._settings, ADAPTER, self._world / "train.jsonl", self._wanted.train_seed, with_context=True)

    @contextmanager
    def _serving(self) -> Iterator[str]:
        started = time.perf_counter()
        with running_server(self._home, self._console) as url:
            self._console.print(f"[green]✓[/] start the server [dim]{time.perf_counter() - started:.0f} s[/]")
            yield url

    def _ask(self, url: str) -> Path:
        from crossover.eval.running import RunRequest, run

        questions = question_sets.load(self._world / "questions.jsonl")
        named = question_sets.QuestionSet(f"{self._wanted.size}-world-{self._wanted.seed}", questions.questions)
        request = RunRequest(named, self._home, adapter=ADAPTER, examples=self._settings.few_shot, gold=True)
        return run(request, url, self._console)

    def _report(self, runs: Path) -> tuple[Path, Report]:
        from crossover.eval.money.prices import load_prices
        from crossover.eval.report.make import make, report_folder

        folder = report_folder(runs)
        with self._console.status("scoring"):
            return folder, make([runs], folder, load_prices(), self._settings)

    def _crossover(self, *arguments: str) -> None:
        run_command(self._home, *arguments)

    def _finished(self, digest: str, adapter: AdapterVersion) -> Path | None:
        note = self._home / _DONE_FILE
        found = json.loads(note.read_text()).get(f"{digest} {adapter.served_name}") if note.exists() else None
        folder = self._home / str(found)
        return folder if found and (folder / JSON_FILE).exists() else None

    def _remember(self, digest: str, adapter: AdapterVersion, folder: Path) -> None:
        note = self._home / _DONE_FILE
        done = json.loads(note.read_text()) if note.exists() else {}
        done[f"{digest} {adapter.served_name}"] = str(folder.relative_to(self._home))
        replace_text(note, json.dumps(done, indent=2) + "\n")


def _digest(world: World) -> str:
    """A short hash of everything in a world: another generator's world is another world."""
    return hashlib.sha256(json.dumps(asdict(world), sort_keys=True, default=str).encode()).hexdigest()[:12]
