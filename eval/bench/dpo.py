"""Does preference training pay? An adapter that seldom keeps to the house style, before and after DPO.

    python -m crossover.eval.bench.dpo 900 901 902

For each synthetic world an adapter learns the facts, but only every tenth of the examples in house style. Then, on the
questions of the others `dpo` goes on from it with pairs of its own sampled answers, ranked by the reference, while
`examples` learns those references in plain training with all the others, the rival of preferences wherever there are
references. The questions of the slices `format` and `stable`, whose wordings nobody trained on, say how many answers
keep to the form, how many are right, and what that cost elsewhere. Resumes; writes build/prove/dpo.json.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossover.adapters.base_model import resolve
from crossover.adapters.durable import replace_text
from crossover.adapters.gate.answer_format import learn_format
from crossover.adapters.registry import Registry
from crossover.eval.bench import record
from crossover.eval.client import Client
from crossover.eval.commands import run_command
from crossover.eval.gate_judge import compare
from crossover.eval.metrics.exact_match import exact_match
from crossover.eval.questions import Question
from crossover.eval.serving import running_server, tidy_on_sigterm
from crossover.eval.world.generator import generate
from crossover.eval.world.questions import HOUSE_STYLE, Example
from crossover.eval.world.size import SIZES
from crossover.server.settings import load as load_settings

_SLICES = ("format", "stable")
_KEPT = 10  # of so many examples in house style one is left to the adapter before
_ANSWERS = 8  # sampled for each question
ARMS = ("before", "dpo", "examples")
MEASURES = {"form kept": "format", "right, in form": "format", "right, stable": "stable"}


def divide(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """What the first adapter learns, and the examples in house style that were kept from it."""
    styled = [example for example in examples if example.prompt.endswith(HOUSE_STYLE)]
    apart = [example for number, example in enumerate(styled) if number % _KEPT]
    return [example for example in examples if example not in apart], apart


def scores(answers: Mapping[str, str], questions: Sequence[Question]) -> dict[str, list[float]]:
    """Each measure's scores, one a question of its slice, from the answers by question id."""
    styled = [question for question in questions if question.slice == "format"]
    form = learn_format([question.references[0] for question in styled])
    by: dict[str, Callable[[Question], float]] = {
        "form kept": lambda question: float(form.kept(answers[question.id])),
        "right, in form": lambda question: exact_match(answers[question.id], question),
        "right, stable": lambda question: exact_match(answers[question.id], question),
    }
    return {
        name: [by[name](question) for question in questions if question.slice == part]
        for name, part in MEASURES.items()
    }


def measure(seed: int, size: str, epochs: int, home: Path, console: Console) -> dict[str, Any]:
    """The scores of every arm in one world, and the groups of their questions."""
    done = home / "measured.json"
    if done.is_file():
        return dict(json.loads(done.read_text()))
    world = generate(seed, SIZES[size])
    questions = [question for question in world.questions if question.slice in _SLICES]
    first, apart = divide(world.examples)
    home.mkdir(parents=True, exist_ok=True)
    for name, examples in (("first", first), ("apart", apart), ("all", world.examples)):
        replace_text(home / f"{name}.jsonl", "".join(json.dumps(asdict(each)) + "\n" for each in examples))
    _train(home, "before", "first", "--epochs", str(epochs))
    with running_server(home, console) as url:
        run_command(home, "adapters", "promote", "before")
        if not (home / "pairs.jsonl").is_file():
            sampled = ("--model", "finetune:before", "-n", str(_ANSWERS), "--margin", "0.1")
            run_command(home, "data", "pairs", str(home / "apart.jsonl"), "-o", str(home / "pairs.jsonl"), *sampled)
        _train(home, "dpo", "pairs", "--method", "dpo", "--continue-from", "before")
        _train(home, "examples", "all", "--epochs", str(epochs))
        for name in ARMS[1:]:
            run_command(home, "adapters", "promote", name)
        arms = {name: scores(asyncio.run(_ask(url, name, questions)), questions) for name in ARMS}
    groups = {name: [each.group for each in questions if each.slice == part] for name, part in MEASURES.items()}
    pairs = len((home / "pairs.jsonl").read_text().splitlines())
    measured = {"seed": seed, "asked": len(apart), "pairs": pairs, "scores": arms, "groups": groups}
    replace_text(done, json.dumps(measured) + "\n")
    return measured


def _train(home: Path, name: str, data: str, *arguments: str) -> None:
    if name not in Registry(home).names():
        run_command(home, "train", str(home / f"{data}.jsonl"), "--name", name, *arguments)


async def _ask(url: str, name: str, questions: Sequence[Question]) -> dict[str, str]:
    """The greedy answer of an adapter to each question."""
    async with Client(url) as client:

        async def answer(question: Question) -> str:
            messages = [{"role": "user", "content": question.question}]
            told = await client.chat({"model": f"finetune:{name}", "messages": messages, "max_tokens": 64})
            return str(told["choices"][0]["message"]["content"])

        answers = await asyncio.gather(*map(answer, questions))
    return {question.id: text for question, text in zip(questions, answers, strict=True)}


def together(worlds: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """For each measure the arms' means over all worlds, and DPO against the others: difference, interval, words."""
    figures: dict[str, dict[str, Any]] = {}
    for name in MEASURES:
        of = {arm: [score for world in worlds for score in world["scores"][arm][name]] for arm in ARMS}
        groups = [f"{world['seed']}/{group}" for world in worlds for group in world["groups"][name]]
        figures[name] = {arm: sum(of[arm]) / len(of[arm]) for arm in ARMS}
        for other in ("before", "examples"):
            found = compare(of["dpo"], of[other], groups, len(MEASURES) * 2)
            figures[name][f"dpo - {other}"] = asdict(found) | {"words": found.words}
    return figures


def verdict(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """What the figures say in one sentence."""
    words = {other: figures["form kept"][f"dpo - {other}"]["words"] for other in ("before", "examples")}
    changed = {"better": "DPO raises how often the form is kept", "worse": "DPO lowers how often the form is kept"}
    told = changed.get(words["before"], f"DPO and how often the form is kept: {words['before']}")
    pays = {"better": "it pays beside training on the references", "worse": "training on the references does more: it "
            "does not pay here"}  # fmt: skip
    return f"{told}; {pays.get(words['examples'], 'beside training on the references: ' + words['examples'])}."


def main(
    seeds: Annotated[list[int] | None, typer.Argument(help="Worlds; 900, 901 and 902 without any.")] = None,
    size: Annotated[str, typer.Option(help="Of the worlds.")] = "demo",
    epochs: Annotated[int, typer.Option(help="Of the trainings on examples.")] = 32,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier run made.")] = False,
) -> None:
    """Measure every world and print the table."""
    root, console = Path("build") / "prove" / "dpo", Console(stderr=True, highlight=False)
    base = resolve(load_settings().base_model).fingerprint
    if fresh:
        shutil.rmtree(root, ignore_errors=True)
    with tidy_on_sigterm():
        worlds = [
            measure(seed, size, epochs, (root / f"{size}-{seed}-{base}").resolve(), console)
            for seed in seeds or [900, 901, 902]
        ]
    figures = together(worlds)
    asked, pairs = (sum(world[key] for world in worlds) for key in ("asked", "pairs"))
    path = record.write("prove", "dpo", {"worlds": worlds, "together": figures, "verdict": verdict(figures)})
    table = Table("measure", *ARMS, "dpo - before (95 %)", "dpo - examples (95 %)")
    for name, row in figures.items():
        differences = [row[f"dpo - {other}"] for other in ("before", "examples")]
        shown = [f"{100 * each['difference']:+.0f} ({100 * each['interval']['low']:.0f} to "
                 f"{100 * each['interval']['high']:.0f})" for each in differences]  # fmt: skip
        table.add_row(name, *(f"{100 * row[arm]:.0f} %" for arm in ARMS), *shown)
    out = Console(highlight=False)
    out.print(table)
    out.print(f"{pairs} pairs of {asked} questions. {verdict(figures)}")
    out.print(str(path))


if __name__ == "__main__":
    typer.run(main)
