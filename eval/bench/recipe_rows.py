"""What the proof on training recipes claims: which recipe against which, on which questions, and the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from crossover.adapters.prompt import Message
from crossover.eval.permutation import Scores
from crossover.eval.questions import Question
from crossover.eval.statistics import Comparison, compare, holm

TAUGHT = ("stable", "tacit", "format")
CHANGED = ("fresh", "format+fresh")
BASE = "base"
_REPLAY, _FORGETS = "replay forgets less", "plain training forgets"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is put to the model: closed, with passages, or from the gate."""

    what: str
    question: Question
    messages: tuple[Message, ...]
    """Without a system message."""
    passages: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison of the table: two recipes on some kinds of question."""

    claim: str
    first: str
    second: str
    asked: tuple[str, ...]

    @property
    def recipes(self) -> set[str]:
        """Both."""
        return {self.first, self.second}


@dataclass(frozen=True, slots=True)
class Found:
    """Both recipes' mean scores on a row's questions, and their paired difference."""

    row: Row
    first: float
    second: float
    comparison: Comparison

    @property
    def figures(self) -> dict[str, Any]:
        """As written to the record."""
        found = self.comparison
        return {
            "claim": self.row.claim, "first": self.row.first, "second": self.row.second, "asked": self.row.asked,
            "n": found.n, "scores": [round(self.first, 4), round(self.second, 4)],
            "difference": round(found.difference, 4),
            "interval": [round(found.interval.low, 4), round(found.interval.high, 4)], "p_value": found.p_value,
        }  # fmt: skip


ROWS = (
    Row(_REPLAY, "replay", "plain", ("reading", "refusing")),
    Row(_FORGETS, "plain", BASE, ("reading", "refusing")),
    Row("replay keeps the task", "replay", "plain", TAUGHT),
    *(Row(f"context lifts hybrid on {name}", "context", "plain", (f"{name} with passages",)) for name in CHANGED),
    Row("sequential keeps the first task", "sequential", "plain", TAUGHT),
    Row("sequential learns the second", "sequential", "other", tuple(f"other {name}" for name in TAUGHT)),
    Row("half replayed keeps the first task", "rehearsed", "plain", TAUGHT),
    Row("half replayed learns the second", "rehearsed", "other", tuple(f"other {name}" for name in TAUGHT)),
    Row("multi-task keeps the first task", "multi-task", "plain", TAUGHT),
    Row("multi-task keeps the second", "multi-task", "other", tuple(f"other {name}" for name in TAUGHT)),
)


def compared(companies: Mapping[int, tuple[list[Asked], dict[str, Scores]]]) -> list[Found]:
    """Each row over all companies that have both of its recipes, p-values corrected (Holm)."""
    paired = []
    for row in ROWS:
        first, second, groups = [], [], []
        both = {seed: (asked, scores) for seed, (asked, scores) in companies.items() if row.recipes <= scores.keys()}
        if not both:
            continue
        for seed, (asked, scores) in both.items():
            chosen = [n for n, each in enumerate(asked) if each.what in row.asked]
            first.append(scores[row.first][chosen])
            second.append(scores[row.second][chosen])
            # A fact may be asked for in several slices; the other company's facts have the same ids.
            groups += [f"{seed}/{asked[n].what.startswith('other ')}/{asked[n].question.group}" for n in chosen]
        paired.append((row, np.concatenate(first), np.concatenate(second), groups))
    adjusted = holm([compare(first, second, groups) for _, first, second, groups in paired])
    return [
        Found(row, float(first.mean()), float(second.mean()), comparison)
        for (row, first, second, _), comparison in zip(paired, adjusted, strict=True)
    ]


def table(found: Sequence[Found]) -> Table:
    """One line a claim."""
    shown = Table("claim", "recipes", "n", "first", "second", "difference (95 %)", "p", title="training recipes")
    for each in found:
        low, high = 100 * each.comparison.interval.low, 100 * each.comparison.interval.high
        shown.add_row(
            each.row.claim,
            f"{each.row.first} – {each.row.second}",
            str(each.comparison.n),
            f"{each.first:.0%}",
            f"{each.second:.0%}",
            f"{100 * each.comparison.difference:+.0f} ({low:.0f} to {high:.0f})",
            f"{each.comparison.p_value:.3f}",
        )
    return shown


def forgotten(found: Sequence[Found]) -> str:
    """How much of what plain training forgot replay left forgotten."""
    by_claim = {each.row.claim: each for each in found}
    plain, base = by_claim[_FORGETS].first, by_claim[_FORGETS].second
    if base <= plain:
        return "Plain training forgot nothing that replay could keep."
    left = max(0.0, (base - by_claim[_REPLAY].first) / (base - plain))  # with replay it may even have got better
    return f"Of what plain training forgot ({100 * (base - plain):.0f} points), replay left {left:.0%}."
