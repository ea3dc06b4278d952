"""A killed training loses nothing: `python -m crossover.eval.bench.training_kills` kills, resumes and compares.

kill -9 at random moments of trainings with context: while the model loads, in the middle of a step, while a
checkpoint is written. Each run after a kill must go on from a checkpoint with the losses that a training which nobody
disturbs has at the same steps, and end at that one's digest. Resumes; writes build/prove/kills.json.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossover.adapters.base_model import resolve
from crossover.eval.bench import record
from crossover.eval.bench.training_data import read_training_data, write_training_data
from crossover.server.engine.launcher import prctl

_WORK = Path("build/prove/kills")
_NAME = "killed"
_TOLERANCE = 1e-4
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What the proof depends on; with another plan it begins anew."""

    threads: int
    seed: int
    examples: int
    epochs: int
    checkpoint_seconds: float
    base: str
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """One process that trained until it was killed or done.

    Attributes:
        killed: the seconds after which it was; None: it came to its end.
        began: the step it went on from; None: it was killed before its first step.
        reached: the last step it told of.
        difference: the largest difference in loss from the undisturbed training at the same step.
        cut_off: whether it left a checkpoint that is not whole.
        equal: whether its adapter is the undisturbed training's; None: it was killed.
    """

    killed: float | None
    began: int | None
    reached: int | None
    difference: float
    cut_off: bool
    equal: bool | None


class Proof:
    """Trainings in child processes, which inherit what is imported and nothing that was computed."""

    def __init__(self, work: Path, plan: Plan) -> None:
        self._work, self._plan, self._home = work, plan, work / "home"
        self._runs, self._data = work / "runs.jsonl", work / "data.json"

    def runs(self, count: int, tell: Callable[[Run], None]) -> list[Run]:
        """All runs up to the end of the training in which kill `count` fell, earlier invocations' among them."""
        note = self._work / "plan.json"
        if not note.exists() or json.loads(note.read_text()) != asdict(self._plan):
            shutil.rmtree(self._work, ignore_errors=True)
            self._in_child(lambda: write_training_data(self._data, self._plan.seed, self._plan.examples))
            note.write_text(json.dumps(asdict(self._plan)))
        digest, seconds = self._undisturbed()
        while True:
            runs = [Run(**row) for row in _lines(self._runs)]
            kills = sum(run.killed is not None for run in runs)
            if kills >= count and runs[-1].killed is None:
                return runs
            wait = random.Random(f"{self._plan.seed}/{len(runs)}").uniform(0, seconds)
            run = self._run(digest, wait if kills < count else None)
            with self._runs.open("a") as file:
                file.write(json.dumps(asdict(run)) + "\n")
            tell(run)

    def _undisturbed(self) -> tuple[str, float]:
        """The digest of a training that nobody disturbs, and the seconds it takes; its losses are kept."""
        note, home = self._work / "undisturbed.json", self._work / "undisturbed"
        if not note.exists():
            shutil.rmtree(home, ignore_errors=True)
            began = time.monotonic()
            self._in_child(lambda: self._train(home, self._work / "undisturbed.jsonl"))
            note.write_text(json.dumps([_digest(home), time.monotonic() - began]))
        digest, seconds = json.loads(note.read_text())
        return digest, seconds

    def _run(self, digest: str, wait: float | None) -> Run:
        """Go on with the training, or begin one, and kill it after `wait` seconds; None: let it come to its end."""
        (log := self._work / "losses.jsonl").unlink(missing_ok=True)
        pid = self._fork(lambda: self._train(self._home, log))
        ended = None if wait is None else _ended_within(pid, wait)
        if wait is not None and ended is None:
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1] if ended is None else ended
        killed = os.waitstatus_to_exitcode(status) == -signal.SIGKILL and wait is not None
        if not killed and status:
            raise RuntimeError(f"a training failed: see {self._work / 'log'}")
        told, expected = _lines(log), {row["step"]: row["loss"] for row in _lines(self._work / "undisturbed.jsonl")}
        run = Run(
            killed=round(wait, 2) if killed and wait else None,
            began=told[0]["resumed_at"] if told else None,
            reached=told[-1]["step"] if told else None,
            difference=max((abs(row["loss"] - expected[row["step"]]) for row in told), default=0.0),
            cut_off=killed and _has_cut_off_checkpoint(self._home),
            equal=None if killed else _digest(self._home) == digest,
        )
        if not killed:
            shutil.rmtree(self._home)
        return run

    def _train(self, home: Path, log: Path) -> None:
        """One training, or the rest of one; each step's loss goes into `log` at once."""
        import torch

        from crossover.adapters.registry import Registry
        from crossover.adapters.training.lora import train
        from crossover.adapters.training.options import Progress, TrainOptions

        torch.set_num_threads(self._plan.threads)
        data = read_training_data(self._data)
        options = TrainOptions(_NAME, epochs=self._plan.epochs, checkpoint_seconds=self._plan.checkpoint_seconds)
        with log.open("w", buffering=1) as file:

            def tell(progress: Progress) -> None:
                told = {"step": progress.step, "loss": progress.loss, "resumed_at": progress.resumed_at}
                file.write(json.dumps(told) + "\n")

            train(
                data.train,
                options,
                resolve(None),
                Registry(home),
                open_index=lambda: nullcontext(data.retrieve),
                progress=tell,
            )

    def _in_child(self, work: Callable[[], object]) -> None:
        if os.waitpid(self._fork(work), 0)[1]:
            raise RuntimeError(f"it failed: see {self._work / 'log'}")

    def _fork(self, work: Callable[[], object]) -> int:
        """A process that does `work` and says what it says into a file; it does not outlive this one."""
        self._work.mkdir(parents=True, exist_ok=True)
        pid = os.fork()
        if not pid:
            code = 1
            try:
                prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                with (self._work / "log").open("ab") as log:
                    os.dup2(log.fileno(), 1)
                    os.dup2(log.fileno(), 2)
                work()
                code = 0
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(code)
        return pid


def figures(runs: list[Run]) -> dict[str, Any]:
    """What the runs amount to."""
    kills = [n for n, run in enumerate(runs) if run.killed is not None]
    # A run that was killed while it loaded resumed nothing; whichever came after it did.
    nexts = [next(run for run in runs[n + 1 :] if run.began is not None) for n in kills]
    held = [
        run.difference <= _TOLERANCE and run.began <= (runs[n].reached or run.began)
        for n, run in zip(kills, nexts, strict=True)
        if run.began is not None
    ]
    ends = [run.equal for run in runs if run.killed is None]
    return {
        "kills": len(kills),
        "before_the_first_step": sum(runs[n].began is None for n in kills),
        "with_a_checkpoint_cut_off": sum(runs[n].cut_off for n in kills),
        "resumed_from_a_checkpoint": sum(bool(run.began) for run in nexts),
        f"curve_equal_within_{_TOLERANCE:g}": sum(held),
        "largest_difference": max((run.difference for run in runs), default=0.0),
        "trainings": len(ends),
        "trainings_with_equal_digest": sum(bool(equal) for equal in ends),
    }


def _ended_within(pid: int, seconds: float) -> int | None:
    """The process's status if it ends within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.01)
    return None


def _has_cut_off_checkpoint(home: Path) -> bool:
    checkpoints = home.glob(f"adapters/{_NAME}/.training-*/checkpoint-*")
    return any(not (each / "trainer_state.json").exists() for each in checkpoints)


def _digest(home: Path) -> str:
    (card,) = home.glob(f"adapters/{_NAME}/*/card.json")
    return card.parent.name


def _lines(file: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines; a last one that was cut off is left out."""
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def main(
    kills: Annotated[int, typer.Option(min=1, help="Runs to kill.")] = 30,
    threads: Annotated[int, typer.Option(min=1, help="Threads of every training.")] = 1,
    seed: Annotated[int, typer.Option(help="Of the data and the moments.")] = 1,
    examples: Annotated[int, typer.Option(min=10, help="Examples of a training.")] = 120,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of a training.")] = 8,
    checkpoint_seconds: Annotated[float, typer.Option(min=0, help="Between two checkpoints.")] = 0.5,
) -> None:
    """Kill trainings at random moments, resume them, and compare what they learn with an undisturbed one.

    Example: python -m crossover.eval.bench.training_kills --kills 30
    """
    import crossover.adapters.training.trainer
    import crossover.indexer.index  # noqa: F401

    console = Console(highlight=False)
    plan = Plan(threads, seed, examples, epochs, checkpoint_seconds, resolve(None).fingerprint, record.versions())
    found = figures(Proof(_WORK, plan).runs(kills, lambda run: console.print(str(run))))
    table = Table("figure", "value", title="Trainings under kill -9")
    for name, value in found.items():
        table.add_row(name.replace("_", " "), f"{value:g}")
    console.print(table)
    console.print(str(record.write("prove", "kills", {**found, "plan": asdict(plan)})))
    curves = found[f"curve_equal_within_{_TOLERANCE:g}"]
    if curves != found["kills"] or found["trainings"] != found["trainings_with_equal_digest"]:
        console.print("[red]a training that was killed did not go on as if it had not been[/]")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
