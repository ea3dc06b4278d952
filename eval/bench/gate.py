"""Does the gate stop what it should, and let through what is sound? On really trained adapters of a made-up company.

    python -m crossover.eval.bench.gate 921               writes build/prove/gate.json

Planted are a forgetter (20 epochs on the house style alone), a worse version (one epoch) and a template mismatch (a
version whose card names another chat template); sound are the first version, beside the base model, and the same
training from another seed, beside the first. Then the false alarms: the first version against itself, both sides
sampled, so often as is said. Trained adapters are kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import track

from crossover.adapters.base_model import resolve
from crossover.adapters.durable import replace_text
from crossover.adapters.gate.answer_format import learn_format
from crossover.adapters.gate.decision import Measured, Parity, decide
from crossover.adapters.gate.evaluate import Score
from crossover.adapters.gate.questions import Item, forgetting_items, held_out
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.bench import record
from crossover.eval.commands import run_command, step
from crossover.eval.gate_judge import compare, score
from crossover.eval.serving import running_server, tidy_on_sigterm
from crossover.eval.world.generator import generate
from crossover.eval.world.questions import HOUSE_STYLE
from crossover.eval.world.size import SIZES
from crossover.server.engine.client import GenerationRequest
from crossover.server.gating import EngineAsker
from crossover.server.services import Services, open_services
from crossover.server.settings import Settings
from crossover.server.settings import load as load_settings

_EXPECTED = {"good": "passed", "again": "passed", "forgetter": "refused", "worse": "refused", "mismatch": "refused"}
_ALIAS = {"forgetter": "narrow"}  # the others are versions of one adapter, `house`
_ANSWERS_AT_ONCE = 50
_TEMPERATURE = 1.0


def company_folder(seed: int, size: str) -> Path:
    """Where a company's adapters of the present base model are kept."""
    base = resolve(load_settings().base_model).fingerprint
    folder = (Path("build") / "prove" / "gate" / f"{size}-{seed}-{base}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def trained(folder: Path, seed: int, size: str, console: Console) -> dict[str, AdapterVersion]:
    """The adapters by what they are planted as; those trained that are missing."""
    world, home = generate(seed, SIZES[size]), folder / "home"
    world.write(folder / "world")
    styled = [example for example in world.examples if example.prompt.endswith(HOUSE_STYLE)]
    for name, examples, share in (("all", world.examples, 0.2), ("narrow", styled, 0.3)):
        replace_text(folder / f"{name}.jsonl", "".join(json.dumps(asdict(each)) + "\n" for each in examples))
        run_command(home, "data", "split", str(folder / f"{name}.jsonl"), "--validation", str(share))
    run_command(home, "index", str(folder / "world" / "documents" / "v1"), "--prune")
    commands = {
        "good": ["all", "--name", "house", "--with-context", "--no-early-stopping"],
        "again": ["all", "--name", "house", "--with-context", "--no-early-stopping", "--seed", "1"],
        "worse": ["all", "--name", "house", "--with-context", "--epochs", "1"],
        "forgetter": ["narrow", "--name", "narrow", "--epochs", "20", "--no-early-stopping"],
    }
    note, registry = folder / "trained.json", Registry(home)
    digests: dict[str, str] = json.loads(note.read_text()) if note.is_file() else {}
    for name, (data, *arguments) in commands.items():
        if name not in digests:
            with step(console, f"train {name}"):
                files = (str(folder / f"{data}.train.jsonl"), "--held-out", str(folder / f"{data}.validation.jsonl"))
                run_command(home, "train", *files, *arguments)
            digests[name] = registry.versions(_ALIAS.get(name, "house"))[-1].digest
            replace_text(note, json.dumps(digests))
    return {name: registry.resolve(f"{_ALIAS.get(name, 'house')}@{digest}") for name, digest in digests.items()}


def verdicts(home: Path, versions: dict[str, AdapterVersion], console: Console) -> dict[str, Any]:
    """What the gate of a running server says of each version."""
    told = {}
    with running_server(home, console) as url, httpx.Client(base_url=url, timeout=600, trust_env=False) as client:

        def gate(version: AdapterVersion) -> Any:
            asked = client.post(f"/v1/adapters/{version.name}/gate", json={"version": version.digest})
            return asked.raise_for_status().json()

        told["good"] = gate(versions["good"])
        run_command(home, "adapters", "promote", versions["good"].served_name, "--force")
        for name in ("again", "worse", "forgetter"):
            told[name] = gate(versions[name])
        planted, card = versions["again"], versions["again"].card
        card.model_copy(update={"chat_template": "0" * 12}).save(planted.path)
        try:
            told["mismatch"] = gate(planted)
        finally:
            card.save(planted.path)
    return told


async def false_alarms(settings: Settings, version: AdapterVersion, repetitions: int) -> dict[str, int]:
    """How many of so many comparisons of a version with itself the gate refuses, with its margin and without any."""
    async with open_services(settings) as services:
        await services.get_ready()
        registry = services.registry
        task, elsewhere = held_out(registry, version, settings.gate_examples), forgetting_items(registry, "house")
        answers = await sampled(services, version, [*task, *elsewhere], 2 * repetitions)
    form = learn_format([example.answer for example in registry.training_examples(version)])
    alarms = {f"{settings.gate_margin:g}": 0, "0": 0}
    for n in track(range(repetitions), "false alarms", console=Console(stderr=True)):
        first, second = ([each[2 * n + side] for each in answers] for side in (0, 1))
        measured = [
            against_itself("task", task, first, second, score),
            against_itself("forgetting", elsewhere, first[len(task) :], second[len(task) :], score),
        ]
        if form.rules:
            measured.append(against_itself("format", task, first, second, lambda text, _: float(form.kept(text))))
        for margin in alarms:
            verdict = decide(measured, [], Parity(why_not="it is itself"), compare, float(margin))
            alarms[margin] += not verdict.passed
    return alarms


def against_itself(
    what: str, items: Sequence[Item], first: Sequence[str], second: Sequence[str], by: Score
) -> Measured:
    """Two samples of a version's answers to these items, of which there may be more behind."""

    def scores(answers: Sequence[str]) -> list[float]:
        return [by(text, item.reference) for text, item in zip(answers, items, strict=False)]

    return Measured(what, "itself", scores(first), scores(second), [item.group for item in items])


async def sampled(services: Services, version: AdapterVersion, items: Sequence[Item], count: int) -> list[list[str]]:
    """So many sampled answers to each item."""
    asker, at_once = EngineAsker(services, version), asyncio.Semaphore(2)

    async def answers(item: Item) -> list[str]:
        prompt = asker.encode(item, with_adapter=True)
        texts: list[str] = []
        async with at_once:
            while len(texts) < count:
                n = min(_ANSWERS_AT_ONCE, count - len(texts))
                sampling = {"temperature": _TEMPERATURE, "n": n, "max_tokens": asker.room(item, len(prompt))}
                reply = await services.engine.generate(GenerationRequest(prompt, version.served_name, sampling))
                texts += [choice.text for choice in reply.choices]
        return texts

    return list(await asyncio.gather(*map(answers, items)))


def main(
    seed: Annotated[int, typer.Argument(help="The company; those of 900 and above are for this.")] = 921,
    size: Annotated[str, typer.Option(help=f"Of the company: {', '.join(SIZES)}.")] = "small",
    repetitions: Annotated[int, typer.Option(min=1, help="Comparisons of a version with itself.")] = 200,
) -> None:
    """Train what is missing, ask the gate, count its false alarms.

    Example: python -m crossover.eval.bench.gate 921 --repetitions 20
    """
    console = Console(stderr=True, highlight=False)
    folder = company_folder(seed, size)
    with tidy_on_sigterm():
        versions = trained(folder, seed, size, console)
        told = verdicts(folder / "home", versions, console)
        alarms = asyncio.run(false_alarms(load_settings(home=folder / "home"), versions["good"], repetitions))
    figures = {"seed": seed, "size": size, "verdicts": told, "repetitions": repetitions, "alarms by margin": alarms}
    path = record.write("prove", "gate", figures)
    out = Console(highlight=False)
    for name, verdict in told.items():
        out.print(f"[b]{name}[/b]: {verdict['outcome']}, expected {_EXPECTED[name]}")
        for sentence in verdict["sentences"]:
            out.print(f"  {sentence}", markup=False)
    out.print(f"false alarms of {repetitions} comparisons with itself, by margin: {alarms}", markup=False)
    out.print(str(path))
    if any(verdict["outcome"] != _EXPECTED[name] for name, verdict in told.items()):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
