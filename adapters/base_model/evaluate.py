"""Measures how well a model reads, as a table for the model card; several folders stand side by side.

    python -m crossover.adapters.base_model.evaluate adapters/base_model/weights --squad dev-v2.0.json

Synthetic sets are invented anew from words that training never shows: in wordings of training ("shared") and in
wordings and relations that training never shows ("unseen"). Real paragraphs come from a SQuAD file.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crossover.adapters.base_model import squad
from crossover.adapters.base_model.dialogues import Dialogue, Reading, closed, reading
from crossover.adapters.base_model.draw import Draw, Split
from crossover.adapters.base_model.measure import Answerer, Item, Score
from crossover.adapters.base_model.passages import Style
from crossover.adapters.prompt import UNKNOWN, Prompts, render

_PLAIN = Style()
_SERVED = Style(share=0.8, twins=0.6, events=0.2, titles=1.0, handbook=1.0)
_LONG = replace(_SERVED, facts=(2, 3), words=(60, 100))


@dataclass(frozen=True, slots=True)
class QuestionKind:
    """One row of the table: what is asked, in training's wordings and in unseen ones."""

    name: str
    make: Callable[[Draw], Dialogue | None]


def _reads(name: str, passages: int, facts: int, style: Style = _PLAIN, **task: Any) -> QuestionKind:
    asked = Reading(replace(style, passages=(passages, passages), facts=(facts, facts)), **task)
    return QuestionKind(name, lambda draw: reading(draw, asked))


KINDS = (
    _reads("1 passage x 2 facts", 1, 2),
    _reads("3 passages x 2 facts", 3, 2),
    _reads("5 passages x 4 facts", 5, 4),
    _reads("no answer in 3 passages", 3, 2, unanswerable=1.0),
    _reads("as served: 2 titled passages, near-duplicate names", 2, 2, _SERVED),
    _reads("as served: 3 titled passages, near-duplicate names", 3, 2, _SERVED),
    _reads("as served: no answer in 2 passages", 2, 2, _SERVED, unanswerable=1.0),
    _reads("form shown by 1 earlier turn, 1 passage", 1, 2, formats=1.0, examples=(1, 1)),
    _reads("form shown by 3 earlier turns, 1 passage", 1, 2, formats=1.0, examples=(3, 3)),
    QuestionKind("no passages, unheard-of facts", lambda draw: closed(draw, 1)),
)
LENGTHS = tuple(QuestionKind(f"{n} passages of 60-100 words", _reads("", n, 2, _LONG).make) for n in (1, 2, 3, 5, 6))


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one model: `right` of `n` (for an item without answer: refused), with a 95 % Wilson interval."""

    model: str
    group: str
    name: str
    n: int
    right: float
    low: float
    high: float
    cited: float | None
    refused: float
    f1: float
    tokens: int
    """The longest prompt."""
    copied: float | None = None
    """Of the answers that are no refusals, those that stand word for word in the prompt."""
    formed: float | None = None


def synthetic(kind: QuestionKind, split: Split, count: int) -> list[Item]:
    """So many questions of a kind, always the same ones."""
    draw, items = Draw(f"card {kind.name}", split), list[Item]()
    while len(items) < count:
        made = kind.make(draw)
        if not made:
            continue
        answer = made.messages[-1].content
        cited = re.search(r" \[(\d+)\]$", answer)
        if answer == UNKNOWN:
            items.append(Item(made.messages[:-1], ()))
        elif cited and not made.form:
            items.append(Item(made.messages[:-1], (made.value,), int(cited[1])))
        else:  # an answer in a form is right as a whole
            items.append(Item(made.messages[:-1], (answer,), form=made.form))
    return items


def real(file: Path, count: int, name: str = "SQuAD") -> dict[str, list[Item]]:
    """Questions about real text: the gold sentence, the gold paragraph, a paragraph without the answer."""
    system = Prompts().rag
    asked = squad.load(file, count)
    without = squad.load(file, count, answerable=False)

    def item(q: squad.RealQuestion, text: str) -> Item:
        return Item(tuple(render(q.question, system=system, passages=[(q.title, text)])), q.references)

    sets = {
        f"{name}, the gold sentence": [item(q, q.sentence) for q in asked],
        f"{name}, the gold paragraph": [item(q, q.paragraph) for q in asked],
        f"{name}, no answer in the paragraph": [item(q, q.paragraph) for q in without],
    }
    return {title: items for title, items in sets.items() if items}


def evaluate(path: Path, count: int, squad_files: Sequence[Path] = ()) -> list[Row]:
    """All rows of one model folder."""
    model = Answerer(path)
    sets: list[tuple[str, str, list[Item]]] = []
    splits: tuple[Split, Split] = ("shared", "held-out")
    for split, group in zip(splits, ("shared", "unseen"), strict=True):
        sets += [(group, kind.name, synthetic(kind, split, count)) for kind in KINDS]
    sets += [("shared", kind.name, synthetic(kind, "shared", count // 2)) for kind in LENGTHS]
    for file in squad_files:
        name = "SQuAD" if len(squad_files) == 1 else file.stem
        sets += [("real", title, items) for title, items in real(file, count, name).items()]
    rows = []
    for group, name, items in sets:
        rows.append(_row(str(path), group, name, model.score(items)))
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _row(model: str, group: str, name: str, scores: Sequence[Score]) -> Row:
    from scipy.stats import binomtest

    n = len(scores)
    right = sum(score.value for score in scores)
    interval = binomtest(right, n).proportion_ci(method="wilson")
    return Row(
        model, group, name, n, right / n, float(interval.low), float(interval.high),
        cited=_share([score.cited for score in scores]),
        refused=sum(score.refused for score in scores) / n,
        f1=sum(score.f1 for score in scores) / n,
        tokens=max(score.tokens for score in scores),
        copied=_share([score.copied for score in scores]),
        formed=_share([score.formed for score in scores]),
    )  # fmt: skip


def _share(flags: Sequence[bool | None]) -> float | None:
    known = [flag for flag in flags if flag is not None]
    return sum(known) / len(known) if known else None


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table: kinds down, models and groups across."""
    columns = list(dict.fromkeys((row.model, row.group) for row in rows if row.group != "real"))
    cells = {(row.name, row.model, row.group): _cell(row) for row in rows}
    lines = ["| asked | N | " + " | ".join(f"{model}, {group}" for model, group in columns) + " |"]
    lines.append("|---|---|" + "---|" * len(columns))
    for name, row in {row.name: row for row in rows if row.group != "real"}.items():
        figures = " | ".join(cells.get((name, *column), "") for column in columns)
        lines.append(f"| {name} (prompt <= {row.tokens} tokens) | {row.n} | {figures} |")
    real_rows = [row for row in rows if row.group == "real"]
    if real_rows:
        lines += ["", "| real text | model | N | right | token F1 | refused |", "|---|---|---|---|---|---|"]
    for row in real_rows:
        lines.append(f"| {row.name} | {row.model} | {row.n} | {_cell(row)} | {row.f1:.1%} | {row.refused:.0%} |")
    return "\n".join(lines)


def _cell(row: Row) -> str:
    told = [("cited", row.cited), ("form kept", row.formed), ("copied exactly", row.copied), ("refused", row.refused)]
    shares = "".join(f", {name} {share:.0%}" for name, share in told if share is not None)
    return f"{row.right:.0%} [{row.low:.0%}, {row.high:.0%}]{shares}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m crossover.adapters.base_model.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", type=Path, nargs="+", help="folders in Hugging Face format")
    parser.add_argument("--squad", type=Path, nargs="+", default=[], help="files in SQuAD's format")
    parser.add_argument("--questions", type=int, default=200, help="questions a set")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    parser.add_argument("--beside", type=Path, help="rows written by --json before, to stand in the table too")
    a = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(a.threads)
    try:
        earlier = json.loads(a.beside.read_text(encoding="utf-8")) if a.beside else []
        rows = [Row(**row) for row in earlier]
        rows += [row for model in a.models for row in evaluate(model, a.questions, a.squad)]
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if a.json:
        a.json.parent.mkdir(parents=True, exist_ok=True)
        a.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    print(markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
