"""Which training recipes pay, on made-up companies: replay, context, going on from an adapter, several tasks at once.

    python -m crossover.eval.bench.training_recipes 911 912 913          writes build/prove/training-recipes.json

Each company's adapters are trained by the commands that a user would type, then asked side by side in one vLLM: its
questions without passages, with the passages of the documents as they are now, and the gate's questions on reading and
refusing. A second company is the other task. What an earlier run trained or asked is kept: each adapter under the name
of its recipe, the answers by adapters and questions.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from crossover.adapters.base_model import resolve
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.durable import replace_text
from crossover.adapters.gate.questions import forgetting_items
from crossover.adapters.prompt import UNKNOWN, Message, Prompts, render
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.bench import record
from crossover.eval.bench.engine import BenchEngine, engine_with
from crossover.eval.bench.load import LoadGenerator
from crossover.eval.bench.recipe_rows import BASE, CHANGED, TAUGHT, Asked, compared, forgotten, table
from crossover.eval.commands import run_command, step
from crossover.eval.metrics.exact_match import exact_match
from crossover.eval.permutation import Scores
from crossover.eval.questions import Question
from crossover.eval.serving import tidy_on_sigterm
from crossover.eval.world.generator import World, generate
from crossover.eval.world.size import SIZES
from crossover.server.settings import Settings
from crossover.server.settings import load as load_settings

_OTHER = 10_000  # added to a seed: the company of the other task
_CONCURRENCY, _MAX_TOKENS = 32, 32
_HALF = 0.5


def recipes(folder: Path, replay: float) -> dict[str, list[str]]:
    """The arguments of `crossover train` for each recipe, in the order in which they can be trained."""
    task, other = (str(folder / name / "train.jsonl") for name in ("task", "other"))
    return {
        "plain": [task],
        "replay": [task, "--replay", str(replay)],
        "context": [task, "--with-context"],
        "other": [other],
        "sequential": [other, "--continue-from", "plain", "--replay", str(replay)],
        "rehearsed": [other, "--continue-from", "plain", "--replay", str(_HALF)],
        "multi-task": [f"{task}:1", f"{other}:1"],
    }


def trained(
    folder: Path, settings: Settings, replay: float, epochs: int, missing_too: bool, console: Console
) -> dict[str, AdapterVersion]:
    """The adapter of every recipe; those that are missing are trained, or else left out."""
    registry = Registry(settings.home)
    missing = [name for name in recipes(folder, replay) if name not in registry.names()] if missing_too else []
    if missing:
        run_command(settings.home, "index", str(folder / "task" / "documents" / "v1"), "--prune")
    for name in missing:
        with step(console, f"train {name}"):
            wanted = recipes(folder, replay)[name]
            run_command(settings.home, "train", *wanted, "--name", name, "--epochs", str(epochs))
    known = registry.names()
    return {name: registry.versions(name)[-1] for name in recipes(folder, replay) if name in known}


def questions(folder: Path, settings: Settings, task: World, other: World, passages: int) -> list[Asked]:
    """Everything that is asked, with what is found in the documents as they are now."""
    from crossover.indexer.index import Index

    asked = [
        Asked(f"{prefix}{each.slice}", each, (Message("user", each.question),))
        for prefix, world in (("", task), ("other ", other))
        for each in world.questions
        if each.slice in TAUGHT
    ]
    run_command(settings.home, "index", str(folder / "task" / "documents" / "v2"), "--prune")
    with Index.open(settings) as index:
        for each in task.questions:
            if each.slice in CHANGED:
                found = [(passage.title, passage.text) for passage in index.search(each.question, passages)]
                messages = tuple(render(each.question, passages=found))
                asked.append(Asked(f"{each.slice} with passages", each, messages, passages=True))
    for item in forgetting_items(Registry(folder / "nothing"), ""):
        references = () if item.reference == UNKNOWN else (item.reference,)
        question = Question(item.group, item.messages[-1].content, references, item.kind, item.group)
        asked.append(Asked(item.kind, question, item.messages, passages=item.passages))
    return asked


async def answers(adapters: Mapping[str, AdapterVersion], asked: Sequence[Asked]) -> dict[str, list[str]]:
    """Greedy answers to all questions by every adapter and the base model."""
    served = {version.served_name: version.path for version in adapters.values()}
    async with engine_with(served) as running, LoadGenerator() as load:
        models = {BASE: running.base.name, **{name: version.served_name for name, version in adapters.items()}}
        found = {}
        for name, model in models.items():
            bodies = [
                {"model": model, "prompt": prompt, "max_tokens": _MAX_TOKENS, "temperature": 0}
                for prompt in _prompts(running, asked, with_adapter=name != BASE)
            ]
            measured = await load.closed(running.completions, bodies, _CONCURRENCY)
            found[name] = [body["choices"][0]["text"] for body in measured.answers]
    return found


def _prompts(running: BenchEngine, asked: Sequence[Asked], *, with_adapter: bool) -> list[list[int]]:
    tokenizer, prompts = ChatTokenizer(running.base.path), Prompts()
    read = prompts.hybrid if with_adapter else prompts.rag
    return [
        tokenizer.encode([Message("system", read if each.passages else prompts.closed), *each.messages])
        for each in asked
    ]


def company(
    seed: int, size: str, replay: float, epochs: int, missing_too: bool, root: Path, console: Console
) -> tuple[list[Asked], dict[str, Scores]]:
    """One company's questions, and each recipe's scores on them."""
    base = resolve(load_settings().base_model).fingerprint
    folder = root / f"{size}-{seed}-{epochs}-{replay:g}-{base}"
    settings = load_settings(home=folder / "home")
    task, other = generate(seed, SIZES[size]), generate(seed + _OTHER, SIZES[size])
    task.write(folder / "task")
    other.write(folder / "other")
    adapters = trained(folder, settings, replay, epochs, missing_too, console)
    asked = questions(folder, settings, task, other, settings.passages or resolve(settings.base_model).passages)
    told = {name: version.digest for name, version in adapters.items()} | {
        "asked": [e.messages[-1].content for e in asked]
    }
    key = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
    file = folder / f"answers-{key}.json"
    if not file.is_file():
        with step(console, f"ask {len(adapters)} adapters {len(asked)} questions each"):
            replace_text(file, json.dumps(asyncio.run(answers(adapters, asked))))
    found = json.loads(file.read_text(encoding="utf-8"))
    scores = {
        name: np.array([exact_match(answer, each.question) for answer, each in zip(texts, asked, strict=True)])
        for name, texts in found.items()
    }
    return asked, scores


def main(
    seeds: Annotated[list[int] | None, typer.Argument(help="Companies; those of 900 and above are for this.")] = None,
    size: Annotated[str, typer.Option(help=f"Of each company: {', '.join(SIZES)}.")] = "small",
    replay: Annotated[float, typer.Option(help="The share that replay gets.")] = 0.2,
    epochs: Annotated[int, typer.Option(help="Of every training.")] = 32,
    train: Annotated[bool, typer.Option(help="Train what is missing; else what there is, is compared.")] = True,
    root: Annotated[Path, typer.Option(help="Where adapters and answers are kept.")] = Path("build/recipes"),
) -> None:
    """Train what is missing, ask what was not asked, print the table.

    Example: python -m crossover.eval.bench.training_recipes 911 --size tiny --epochs 2
    """
    console = Console(stderr=True, highlight=False)
    companies = {}
    with tidy_on_sigterm():
        for seed in seeds or [911, 912, 913]:
            console.print(f"company {seed}")
            companies[seed] = company(seed, size, replay, epochs, train, root.resolve(), console)
    found = compared(companies)
    figures = {"seeds": list(companies), "size": size, "replay": replay, "epochs": epochs}
    path = record.write("prove", "training-recipes", figures | {"rows": [each.figures for each in found]})
    out = Console(highlight=False)
    out.print(table(found))
    out.print(forgotten(found))
    out.print(str(path))


if __name__ == "__main__":
    typer.run(main)
