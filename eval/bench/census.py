"""Is the verdict true? Reports on some questions, beside a census of many more about the same facts.

    python -m crossover.eval.bench.census build/prove/worlds/small-*  homes that `eval.bench.worlds --census` left

The truth of a world is what its arms score on the census. A report gets a few of these questions, so many of each slice
as a world asks by itself, and says by its own statistics which arms are best; then what it claims is held against the
truth. A world has few facts, though. So all of them together are a population, too, of whose facts larger reports draw
some: what they see at which size is the power curve. Writes build/prove/census.json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from crossover.eval import scoring
from crossover.eval.bench import record
from crossover.eval.bench.population import Population
from crossover.eval.bench.worlds import CENSUS
from crossover.eval.permutation import Scores
from crossover.eval.scoring import Evaluation
from crossover.eval.statistics import estimate
from crossover.eval.top_set import SAME, TopSet, top_sets

INTENDED = {
    "stable": {"rag", "finetune", "hybrid"},
    "fresh": {"rag", "hybrid"},
    "new": {"rag", "hybrid"},
    "tacit": {"finetune", "hybrid"},
    "format": {"finetune", "hybrid"},
    "format+fresh": {"hybrid"},
    "unanswerable": {"rag", "hybrid"},
}
"""What a world is built for: which arms can answer each slice."""
_LARGE = 0.2
_EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 1.01)  # of true differences, for the power curve


@dataclass(frozen=True, slots=True)
class Claim:
    """What a report says of one slice, beside the truth.

    Attributes:
        claimed: the top set is smaller than all arms.
        settled: and, so the report says, no arm in it is more than five points below the best.
        holds_best: the truly best arm is in it.
        tight: nothing in it is truly more than five points worse than the best.
        pairs: for each arm beside the one found best, the true difference (of the found best, minus it) and whether
            the report called it worse.
    """

    world: str
    slice: str
    claimed: bool
    settled: bool
    holds_best: bool
    tight: bool
    pairs: tuple[tuple[float, bool], ...]


def truth_of(census: Evaluation) -> dict[str, dict[str, float]]:
    """By slice and arm the share of right answers in the census."""
    return {
        name: {run.arm: float(run.exact[census.mask(name)].mean()) for run in census.runs} for name in census.slices
    }


def report(census: Evaluation, count: int, rng: np.random.Generator) -> dict[str, TopSet]:
    """The top sets of a report on `count` questions of each slice."""
    slices: dict[str, tuple[Mapping[str, Scores], Sequence[str]]] = {}
    for name in census.slices:
        chosen = rng.choice(np.flatnonzero(census.mask(name)), size=count, replace=False)
        slices[name] = {run.arm: run.exact[chosen] for run in census.runs}, [census.groups[n] for n in chosen]
    return top_sets(slices)


def claims(world: str, found: Mapping[str, TopSet], truth: Mapping[str, Mapping[str, float]]) -> Iterator[Claim]:
    """Each slice's top set beside the truth."""
    for name, top in found.items():
        best = max(truth[name].values())
        yield Claim(
            world=world,
            slice=name,
            claimed=bool(top.beats),
            settled=top.settled,
            holds_best=any(truth[name][arm] == best for arm in top.members),
            tight=all(truth[name][arm] >= best - SAME for arm in top.members),
            pairs=tuple((truth[name][top.best] - truth[name][arm], arm in top.beats) for arm in top.against),
        )


def figures_of(found: Sequence[Claim]) -> dict[str, Any]:
    """Of all reports' claims: how many are true, how many were possible, and what of each size was seen.

    Reports on one world are not independent: intervals are over worlds, and over reports where each drew its own facts.
    """
    made, settled = [claim for claim in found if claim.claimed], [claim for claim in found if claim.settled]
    pairs = [(claim.world, gap, called) for claim in found for gap, called in claim.pairs]
    curve = {
        f"{100 * low:.0f} to {min(100, 100 * high):.0f}": _share(
            (world, called) for world, gap, called in pairs if low <= abs(gap) < high
        )
        for low, high in pairwise(_EDGES)
    }
    return {
        "slices with a claim": _share((claim.world, claim.claimed) for claim in found),
        "claims that hold the best": _share((claim.world, claim.holds_best) for claim in made),
        "claims without an arm 5 points worse": _share((claim.world, claim.tight) for claim in made),
        "claims with both": _share((claim.world, claim.holds_best and claim.tight) for claim in made),
        "slices called settled": _share((claim.world, claim.settled) for claim in found),
        "settled, with both": _share((claim.world, claim.holds_best and claim.tight) for claim in settled),
        "called worse, truly better": _share((world, gap < 0) for world, gap, called in pairs if called),
        "called worse, truly by 20 points or more": _share(
            (world, called) for world, gap, called in pairs if gap >= _LARGE
        ),
        **{f"called worse, truly {gap} points apart": row for gap, row in curve.items()},
    }


def _share(cases: Iterable[tuple[str, bool]]) -> dict[str, Any]:
    """Of how many cases, each of a world, how large a part; with its interval where there are several worlds."""
    known = list(cases)
    if not known:
        return {"of": 0, "share": None, "interval": None}
    found = estimate(np.array([float(holds) for _, holds in known]), [world for world, _ in known])
    several = len({world for world, _ in known}) > 1
    interval = [found.interval.low, found.interval.high] if several else None
    return {"of": len(known), "share": found.score, "interval": interval}


def intended(truths: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, Any]:
    """For each slice the arms that can answer it by construction, beside those that the censuses found best."""
    told = {}
    for name, arms in INTENDED.items():
        best = Counter(max(truth[name], key=truth[name].__getitem__) for truth in truths.values())
        known = next(iter(truths.values()))[name]
        means = {arm: float(np.mean([truth[name][arm] for truth in truths.values()])) for arm in known}
        told[name] = {"intended": sorted(arms), "best_in": dict(best), "mean": means}
    return told


def main(
    worlds: Annotated[list[Path], typer.Argument(help="Homes of worlds with a census.")],
    questions: Annotated[list[int], typer.Option(help="In each slice of a report; several for a power curve.")] = [36],  # noqa: B006
    reports: Annotated[int, typer.Option(min=1, help="On each world.")] = 10,
    facts: Annotated[list[int], typer.Option(help="In each slice of a report on all worlds together.")] = [18, 72, 288],  # noqa: B006
    draws: Annotated[int, typer.Option(min=1, help="Reports on all worlds together, of each size.")] = 100,
) -> None:
    """Hold reports against censuses.

    Example: python -m crossover.eval.bench.census build/prove/worlds/small-* --questions 36 --questions 108
    """
    folders = [world / "runs" / CENSUS for world in worlds if (world / "runs" / CENSUS).is_dir()]
    if not folders:
        raise typer.BadParameter("none has a census; run python -m crossover.eval.bench.worlds SEEDS --census 216")
    censuses = {folder.parent.parent.name: scoring.load([folder]) for folder in folders}
    truths = {world: truth_of(census) for world, census in censuses.items()}
    told: dict[str, Any] = {"worlds": list(truths), "truth": truths, "intended": intended(truths), "reports": {}}
    err = Console(stderr=True)
    for count in questions:
        found: list[Claim] = []
        rng = np.random.default_rng(0)
        for world in track(list(censuses), f"{count} questions a slice", console=err):
            for _ in range(reports):
                found += claims(world, report(censuses[world], count, rng), truths[world])
        told["reports"][count] = figures_of(found)
    population = Population(censuses.values())
    truth = population.truth
    told["together"] = {"truth": truth, "reports": {}}
    for count in facts:
        found, rng = [], np.random.default_rng(0)
        for n in track(range(draws), f"{count} facts a slice", console=err):
            found += claims(str(n), population.report(count, rng), truth)
        told["together"]["reports"][count] = figures_of(found)
    _show(told, Console(highlight=False))
    typer.echo(str(record.write("prove", "census", told | {"reports_a_world": reports, "draws": draws})))


def _show(told: Mapping[str, Any], console: Console) -> None:
    means = Table(title=f"truth: exact match in % on the census, mean of {len(told['worlds'])} worlds")
    arms = list(next(iter(told["intended"].values()))["mean"])
    for heading in ("slice", *arms, "meant for", "best in"):
        means.add_column(heading, justify="right" if heading in arms else "left")
    for name, row in told["intended"].items():
        best = ", ".join(f"{arm} {count}" for arm, count in row["best_in"].items())
        means.add_row(name, *(f"{100 * row['mean'][arm]:.0f}" for arm in arms), ", ".join(row["intended"]), best)
    console.print(means)
    for count, figures in told["reports"].items():
        console.print(_shares(f"reports on one world, {count} questions a slice", figures))
    for count, figures in told["together"]["reports"].items():
        console.print(_shares(f"reports on all worlds together, {count} facts a slice", figures))


def _shares(title: str, figures: Mapping[str, Any]) -> Table:
    shown = Table(title=title)
    for heading in ("", "%", "95 % interval", "of"):
        shown.add_column(heading, justify="right" if heading else "left")
    for name, row in figures.items():
        if row["of"]:
            edges = [f"{100 * edge:.1f}" for edge in row["interval"] or []]
            shown.add_row(name, f"{100 * row['share']:.1f}", " to ".join(edges), str(row["of"]))
    return shown


if __name__ == "__main__":
    typer.run(main)
