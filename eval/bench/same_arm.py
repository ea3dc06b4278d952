"""How often does a report claim a difference where there is none? One arm beside itself, both sides sampled.

    python -m crossover.eval.bench.same_arm 921           writes build/prove/same-arm.json

The adapter is the sound one of `make prove-gate`, trained on a made-up company and kept. It answers all questions about
the company so often as two sides of all comparisons need, at temperature 1; each comparison then goes through the
statistics of a report, the headline and the slices each on their own, as a report has it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.durable import replace_text
from crossover.adapters.prompt import Prompts, render
from crossover.adapters.registry import AdapterVersion
from crossover.eval.bench import record
from crossover.eval.bench.engine import engine_with
from crossover.eval.bench.gate import company_folder, trained
from crossover.eval.bench.load import LoadGenerator
from crossover.eval.metrics.exact_match import exact_match
from crossover.eval.questions import OVERALL, Question
from crossover.eval.serving import tidy_on_sigterm
from crossover.eval.top_set import top_sets
from crossover.eval.world.generator import generate
from crossover.eval.world.size import SIZES

_AT_ONCE, _SAMPLES_A_REQUEST, _MAX_TOKENS = 4, 50, 32


async def sampled(version: AdapterVersion, questions: Sequence[Question], count: int) -> list[list[str]]:
    """So many answers of an adapter to each question, at temperature 1."""
    async with engine_with({version.served_name: version.path}) as running, LoadGenerator() as load:
        tokenizer = ChatTokenizer(running.base.path)
        parts = [min(_SAMPLES_A_REQUEST, count - done) for done in range(0, count, _SAMPLES_A_REQUEST)]
        bodies = [
            {
                "model": version.served_name,
                "prompt": tokenizer.encode(render(question.question, system=Prompts().closed)),
                "max_tokens": _MAX_TOKENS,
                "temperature": 1.0,
                "n": n,
                # Of its own: with one seed for all, a column's answers to all questions would share their chance.
                "seed": 1000 * (number * len(parts) + part),
            }
            for number, question in enumerate(questions)
            for part, n in enumerate(parts)
        ]
        measured = await load.closed(running.completions, bodies, _AT_ONCE)
    texts = [[choice["text"] for choice in body["choices"]] for body in measured.answers]
    return [list(chain.from_iterable(texts[n : n + len(parts)])) for n in range(0, len(texts), len(parts))]


def claims(questions: Sequence[Question], scores: np.ndarray) -> dict[str, int]:
    """In how many comparisons of two columns of scores (questions, 2 · comparisons) anything is claimed: in the
    headline, and in any slice."""
    slices = {name: [n for n, q in enumerate(questions) if q.slice == name] for name in {q.slice for q in questions}}
    found = dict.fromkeys(("headline", "any slice", "slices"), 0)
    for column in track(range(0, scores.shape[1], 2), "comparisons", console=Console(stderr=True)):
        sides = {"first": scores[:, column], "second": scores[:, column + 1]}
        found["headline"] += _claimed({OVERALL: range(len(questions))}, sides, questions) > 0
        in_slices = _claimed(slices, sides, questions)
        found["any slice"] += in_slices > 0
        found["slices"] += in_slices
    return found


def _claimed(rows: Mapping[str, Sequence[int]], sides: Mapping[str, np.ndarray], questions: Sequence[Question]) -> int:
    of = {
        name: ({side: scores[list(those)] for side, scores in sides.items()}, [questions[n].group for n in those])
        for name, those in rows.items()
    }
    return sum(len(top.beats) > 0 for top in top_sets(of).values())


def main(
    seed: Annotated[int, typer.Argument(help="The company; those of 900 and above are for this.")] = 921,
    size: Annotated[str, typer.Option(help=f"Of the company: {', '.join(SIZES)}.")] = "small",
    repetitions: Annotated[int, typer.Option(min=1, help="Comparisons of the arm with itself.")] = 200,
) -> None:
    """Sample what was not sampled, and count the claims.

    Example: python -m crossover.eval.bench.same_arm 921 --repetitions 20
    """
    console = Console(stderr=True, highlight=False)
    folder = company_folder(seed, size)
    questions = generate(seed, SIZES[size]).questions
    with tidy_on_sigterm():
        version = trained(folder, seed, size, console)["good"]
        file = folder / f"sampled-{version.digest}-{repetitions}.json"
        if not file.is_file():
            replace_text(file, json.dumps(asyncio.run(sampled(version, questions, 2 * repetitions))))
    answers = json.loads(file.read_text(encoding="utf-8"))
    scores = np.array([[exact_match(t, q) for t in texts] for texts, q in zip(answers, questions, strict=True)])
    found = claims(questions, scores)
    figures = {"seed": seed, "size": size, "questions": len(questions), "repetitions": repetitions, "claims": found}
    path = record.write("prove", "same-arm", figures | {"right": float(scores.mean())})
    out = Console(highlight=False)
    out.print(f"{len(questions)} questions, {scores.mean():.0%} right; of {repetitions} comparisons with itself:")
    for where, count in found.items():
        of = repetitions * (len({question.slice for question in questions}) if where == "slices" else 1)
        out.print(f"  {where}: {count} of {of} claimed")
    out.print(str(path))


if __name__ == "__main__":
    typer.run(main)
