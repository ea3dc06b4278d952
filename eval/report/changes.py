"""What changed between two reports over the same questions: each arm before and after, in pairs of answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich import box
from rich.markup import escape
from rich.table import Table

from crossover.eval.questions import OVERALL, UNSLICED
from crossover.eval.report.figures import Difference
from crossover.eval.report.make import run_folder, sliced
from crossover.eval.report.recommendation import p_text
from crossover.eval.scoring import Evaluation, RunsError
from crossover.eval.statistics import compare, holm


class Change(BaseModel):
    """One arm's score before and after in one slice; the difference is after minus before."""

    model_config = ConfigDict(frozen=True)

    before: float
    after: float
    difference: Difference


class Changes(BaseModel):
    """The whole comparison: what was shown to change in words, then by slice (``overall`` first) and arm.

    Args:
        gone, added: arms that only one of the two has.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")

    before: str
    after: str
    sentences: list[str]
    changes: dict[str, dict[str, Change]]
    gone: list[str]
    added: list[str]


def of_two(folders: Sequence[Path], home: Path) -> tuple[Evaluation, Evaluation] | None:
    """The evaluations of two folders that share an arm, an older and a newer one; None when there is nothing to
    compare: another number of folders, or arms that belong side by side.

    Args:
        home: where the adapters are, for what they were trained on; each folder's own, HOME/runs/NAME, is tried too.

    Raises:
        RunsError: a folder without finished runs, or of other questions than the first.
    """
    if len(folders) != 2:
        return None
    before, after = (sliced([run_folder(folder)], home)[0] for folder in folders)
    if not {run.arm for run in before.runs} & {run.arm for run in after.runs}:
        return None
    if before.questions.digest != after.questions.digest:
        raise RunsError(f"{folders[1]}: its questions are not those of {folders[0]}; what changed takes the same ones")
    return before, after


def changes(before: Evaluation, after: Evaluation, names: tuple[str, str]) -> Changes:
    """What changed in every arm that both have, with Holm's correction over arms x slices, overall on its own.

    Raises:
        RunsError: adapters were trained on every question.
    """
    headline = before.mask(OVERALL) & after.mask(OVERALL)  # what an adapter has seen stays out, as in either report
    if not headline.any():
        raise RunsError(f"{names[1]}: its adapters or those before it were trained on every question; ask others")
    old, new = ({run.arm: run.exact for run in each.runs} for each in (before, after))
    shared = [arm for arm in old if arm in new]
    found: dict[str, dict[str, Change]] = {}
    for family in ([OVERALL], [name for name in before.questions.slices if name != UNSLICED]):
        places = [(name, arm) for name in family for arm in shared]
        raw = []
        for name, arm in places:
            chosen = headline if name == OVERALL else before.mask(name)
            groups = [group for group, take in zip(before.groups, chosen, strict=True) if take]
            raw.append((compare(new[arm][chosen], old[arm][chosen], groups, comparisons=len(places)), chosen))
        for (name, arm), comparison, (_, chosen) in zip(places, holm([c for c, _ in raw]), raw, strict=True):
            found.setdefault(name, {})[arm] = Change(
                before=float(old[arm][chosen].mean()),
                after=float(new[arm][chosen].mean()),
                difference=Difference.of(comparison),
            )
    return Changes(
        before=names[0],
        after=names[1],
        sentences=_sentences(found),
        changes=found,
        gone=[arm for arm in old if arm not in new],
        added=[arm for arm in new if arm not in old],
    )


def table(found: Changes) -> Table:
    """One row a slice, one column an arm: the score after, and the points it moved; a star where that is shown."""
    built = Table(
        title=f"{escape(found.before)} → {escape(found.after)}: exact match in %",
        caption="* the change is shown (permutation test over facts, corrected by Holm)",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    built.add_column("")
    for arm in found.changes[OVERALL]:
        built.add_column(arm, justify="right", no_wrap=True)
    for name, arms in found.changes.items():
        built.add_row(escape(name), *(_cell(change) for change in arms.values()), end_section=name == OVERALL)
    return built


def _cell(change: Change) -> str:
    moved = round(100 * (change.after - change.before))
    text = f"{100 * change.after:.0f} ({moved:+d})"
    shown = change.difference.words
    colour = {"better": "bold green", "worse": "bold red"}.get(shown)
    return f"[{colour}]{text}*[/]" if colour else f"{text} "


def _sentences(found: dict[str, dict[str, Change]]) -> list[str]:
    told = []
    for name, arms in found.items():
        for arm, change in arms.items():
            if change.difference.words not in ("better", "worse"):
                continue
            low, high = (round(100 * edge) for edge in change.difference.interval)
            told.append(
                f"{arm} is {change.difference.words} {'overall' if name == OVERALL else f'on {name}'}: "
                f"{100 * change.before:.0f} % before, {100 * change.after:.0f} % after "
                f"({100 * change.difference.difference:+.0f} points, 95 % interval {low:+d} to {high:+d}, "
                f"{p_text(change.difference.p_value)})."
            )
    return told or ["No change is shown in any strategy."]
