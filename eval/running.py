"""One evaluation run, from a question file to a folder of answers, with bars that show the time left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from crossover.adapters.prompt import Prompts
from crossover.eval import arms as arm_table
from crossover.eval.arms import Arm, UnknownArm
from crossover.eval.client import Client, ServerState
from crossover.eval.external import Endpoint, connect
from crossover.eval.questions import QuestionSet
from crossover.eval.runs import AnyArm, AskOptions, Tick, amount, ask, run_name


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is to be run.

    Args:
        strategies: the arms asked for; empty for all that the server can answer with.
        adapter: the alias for those that take one; None leaves it to the server.
        examples: how many training examples `few-shot` and `rag+examples` show.
        gold: whether arms that retrieve are asked with passages of the relevant documents alone, too.
        folder: where answers go; None for a folder in `home`/runs that is named after the run's contents.
        external: endpoints that answer beside our own server.
        prompts: what those are asked with.
    """

    questions: QuestionSet
    home: Path
    strategies: Sequence[str] = ()
    adapter: str | None = None
    examples: int = 3
    gold: bool = False
    folder: Path | None = None
    options: AskOptions = field(default_factory=AskOptions)
    external: Sequence[Endpoint] = ()
    prompts: Prompts = field(default_factory=Prompts)


def run(request: RunRequest, url: str, console: Console) -> Path:
    """Ask what is not yet answered, and return the folder of the answers.

    Raises:
        UnknownArm: a strategy or an adapter that the server does not have.
        See `runs.ask` for the rest.
    """
    return asyncio.run(_run(request, url, console))


async def _run(request: RunRequest, url: str, console: Console) -> Path:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client(url, request.options.concurrency))
        state = await client.state()
        arms = _arms(request, state, console)
        arms += arm_table.with_gold(arms) if request.gold else []
        external = [
            await stack.enter_async_context(connect(each, request.options.concurrency, request.prompts))
            for each in request.external
        ]
        everyone: list[AnyArm] = [*arms, *external]
        name = run_name(request.questions, everyone, state, request.options)
        folder = request.folder or request.home / "runs" / name
        with _bars(amount(request.questions, everyone), console) as tick:
            await ask(request.questions, arms, folder, client, state, request.options, tick, external)
    return folder


def _arms(request: RunRequest, state: ServerState, console: Console) -> list[Arm]:
    if request.adapter is not None and request.adapter not in state.adapters:
        known = ", ".join(state.adapters) or "none; `crossover train` makes one"
        raise UnknownArm(f"adapter {request.adapter!r} is not promoted; there are: {known}")
    chosen = arm_table.resolve(request.strategies or arm_table.DEFAULT, request.adapter, request.examples)
    if request.strategies or state.adapters:
        return chosen
    left_out = [arm.name for arm in chosen if arm.uses_training]
    console.print(f"[yellow]no adapter is promoted: {', '.join(left_out)} left out[/]")
    return [arm for arm in chosen if not arm.uses_training]


@contextmanager
def _bars(totals: dict[str, int], console: Console) -> Iterator[Tick]:
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        whole = progress.add_task("all", total=sum(totals.values()))
        tasks = {name: progress.add_task(name, total=total) for name, total in totals.items() if total}

        def tick(name: str) -> None:
            progress.advance(tasks[name])
            progress.advance(whole)

        yield tick
