"""How many examples do new facts take? Real questions about one football game that the base model never read of.

    python -m crossover.eval.bench.new_facts        writes build/new-facts/reports/learning-curve/ and a record

Examples are the public rows with short answers, documents those with long ones (`BENCH_DATA` names the folder of the
public data sets). Of the wordings in which a fact is asked, one in three is never trained on: those are the questions.
Right is what anyone answered to that fact in the data, or the value alone. Resumes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.adapters.formats.detect import read
from crossover.eval.bench import public_data, record
from crossover.eval.learning_curve.driver import learning_curve
from crossover.eval.learning_curve.plan import Plan
from crossover.eval.learning_curve.subsets import sizes_for
from crossover.eval.money.prices import load_prices
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.report.make import Beside, make
from crossover.eval.report.write import HTML_FILE
from crossover.server.settings import load as load_settings

_FILES = ("prompt_completion_superbowl.jsonl", "prompt_completion_superbowl_valid.jsonl")
_SHORT, _LONG = 25, 100  # words: an answer, a document
_HELD_OUT = 3  # one wording of so many
_FACTS: Mapping[str, tuple[str, ...]] = {
    r"headlined the halftime": ("Kendrick Lamar",),
    r"head coach of the kansas": ("Andy Reid",),
    r"head coach of the phil": ("Nick Sirianni",),
    r"national anthem": ("Jon Batiste",),
    r"what was the (final )?score": ("40-22", "40–22", "Philadelphia Eagles 40, Kansas City Chiefs 22"),
    r"record of the kansas": ("15-2", "15–2"),
    r"record of the phil.*(in the reg|going into|entering)": ("14-3", "14–3"),
    r"mvp": ("Jalen Hurts",),
    r"referee": ("Ron Torbert",),
    r"umpire": ("Mike Morton",),
    r"points did the (phil\w* )?eagles score in the first half": ("24", "24 points"),
    r"yards did the .*chiefs gain in the first half": ("23", "23 yards"),
    r"yards did jalen hurts rush|rushing yards did jalen": ("72", "72 yards"),
    r"interceptions did patrick": ("two", "two interceptions"),
    r"countries": ("150", "over 150", "over 150 countries"),
    r"^where (was|is)": ("Caesars Superdome", "Caesars Superdome in New Orleans", "New Orleans"),
    r"^when was|what was the date": ("February 9, 2025",),
    r"network broadcast": ("Fox",),
    r"national radio": ("Westwood One",),
    r"streaming platforms": ("Tubi and NFL+", "Tubi"),
    r"surprise performers": ("Lady Gaga and Harry Connick Jr.", "Lady Gaga"),
    r"^who won (?!mvp)": ("Philadelphia Eagles", "the Philadelphia Eagles"),
}
"""By what its questions say, each fact's value in the forms in which it may be given alone."""


def write(data: Path, folder: Path) -> tuple[Path, Path, QuestionSet]:
    """Examples, documents and questions.

    Raises:
        ValueError: a file of the public data is missing.
    """
    rows = [row for name in _FILES for row in _rows(data / "finetune_formats" / name)]
    answers: dict[str, dict[str, None]] = {fact: dict.fromkeys(values) for fact, values in _FACTS.items()}
    wordings: dict[str, list[str]] = {fact: [] for fact in _FACTS}
    for prompt, answer in rows:
        if (fact := _fact_of(prompt)) and _words(answer) <= _SHORT:
            answers[fact][answer] = None
            if prompt not in wordings[fact]:
                wordings[fact].append(prompt)
    asked = {prompt: fact for fact, known in wordings.items() for prompt in sorted(known)[1::_HELD_OUT]}
    folder.mkdir(parents=True, exist_ok=True)
    examples, documents = folder / "train.jsonl", folder / "documents"
    taught = [
        json.dumps({"prompt": prompt, "completion": answer})
        for prompt, answer in dict.fromkeys(rows)
        if prompt not in asked and _words(answer) <= _SHORT
    ]
    examples.write_text("\n".join(taught) + "\n", encoding="utf-8")
    documents.mkdir(exist_ok=True)
    for n, text in enumerate(dict.fromkeys(answer for _, answer in rows if _words(answer) >= _LONG)):
        (documents / f"game-{n}.md").write_text(f"# Super Bowl LIX\n\n{text}\n", encoding="utf-8")
    questions = [
        Question(f"game-{n}", prompt, tuple(answers[fact]), "game", fact)
        for n, (prompt, fact) in enumerate(asked.items())
    ]
    return examples, documents, QuestionSet("new-facts", tuple(questions))


def _rows(path: Path) -> list[tuple[str, str]]:
    found = map(json.loads, public_data.present(path).read_text(encoding="utf-8").splitlines())
    return [(row["prompt"].strip(), row["completion"].strip()) for row in found]


def _fact_of(prompt: str) -> str | None:
    return next((fact for fact in _FACTS if re.search(fact, prompt.casefold())), None)


def _words(text: str) -> int:
    return len(text.split())


def main(
    sizes: Annotated[list[int] | None, typer.Option("--size", help="Numbers of examples. Repeatable.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings at each.")] = 2,
    folder: Annotated[Path, typer.Option("-o", "--output", help="A home of its own.")] = Path("build/new-facts"),
) -> None:
    """Train on more and more examples, ask, and write the report.

    Example: BENCH_DATA=data python -m crossover.eval.bench.new_facts --size 10 --size 100
    """
    console, settings = Console(stderr=True, highlight=False), load_settings()
    data = public_data.folder()
    file, documents, questions = write(data, folder)
    examples = read(file)
    chosen: Sequence[int] = sizes or sizes_for(len(examples.examples))
    documented = [documents]
    plan = Plan(
        folder,
        examples,
        questions,
        documented,
        documented,
        chosen,
        range(1, seeds + 1),
        ("finetune",),
        with_context=False,
    )
    curve = learning_curve(plan, settings, console)
    home = settings.model_copy(update={"home": folder.resolve()})
    answers = [plan.rival_answers, plan.answers(max(chosen), plan.seeds[0])]
    output = folder / "reports" / "learning-curve"
    make(answers, output, load_prices(), home, folder, Beside(curve=curve))
    print(f"{curve.sentence} {curve.by_slice}".strip())
    print(output / HTML_FILE)
    print(record.write("prove", "new_facts", curve.model_dump(mode="json")))


if __name__ == "__main__":
    typer.run(main)
