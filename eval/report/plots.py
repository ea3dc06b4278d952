"""Pictures of the scores: intervals of each slice, and the heat map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossover.eval.questions import OVERALL
from crossover.eval.report.document import Report
from crossover.eval.report.drawing import LINE, colour, figure, svg
from crossover.eval.report.figures import Score, Winner
from crossover.eval.report.recommendation import percent


def intervals(report: Report, name: str) -> str:
    """Scores of one slice (or ``overall``) with their 95 % intervals, the top set filled."""
    scores: dict[str, Score] = {
        arm: strategy if name == OVERALL else strategy.slices[name] for arm, strategy in report.strategies.items()
    }
    winner = report.overall if name == OVERALL else report.winners[name]
    drawn, axes = figure(3.4, 0.55 + 0.27 * len(scores))
    for row, (arm, score) in enumerate(scores.items()):
        _whisker(axes, row, arm, score, winner)
    axes.set_yticks(range(len(scores)), list(scores))
    axes.set_ylim(len(scores) - 0.5, -0.5)
    axes.set_xlim(-4, 104)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    return svg(drawn)


def verdict(report: Report) -> str:
    """The strategy x slice heat map as a picture of its own, on white, for a README or a slide."""
    columns = [OVERALL, *report.slices]
    arms = list(report.strategies)
    drawn, axes = figure(1.7 + 1.0 * len(columns), 1.1 + 0.46 * len(arms), background="white")
    for x, name in enumerate(columns):
        winner = report.overall if name == OVERALL else report.winners[name]
        for y, arm in enumerate(arms):
            strategy = report.strategies[arm]
            _heat_cell(axes, x, y, strategy if name == OVERALL else strategy.slices[name], _in_top(winner, arm))
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(arms)), arms)
    axes.tick_params(length=0, labelsize=9, labeltop=True, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    asked = f"{report.headline} in % (95 % intervals), {report.questions} questions"
    note = f"{asked}; framed: not significantly below the best"
    axes.set_xlabel(note, fontsize=8, color="#555b66", labelpad=6)
    return svg(drawn, page_colours=False)


def _whisker(axes: Any, row: int, arm: str, score: Score, winner: Winner) -> None:
    ink = colour(arm)
    low, high = (100 * edge for edge in score.interval)
    axes.plot([low, high], [row, row], color=ink, linewidth=2.0, solid_capstyle="round")
    filled = ink if _in_top(winner, arm) else "none"
    axes.plot([100 * score.score], [row], "o", markersize=6.5, color=ink, markerfacecolor=filled, markeredgewidth=1.5)


def _heat_cell(axes: Any, x: int, y: int, score: Score, top: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    share = 0.06 + 0.6 * score.score
    fill = tuple(1 - share * (1 - channel) for channel in (0.12, 0.42, 0.86))
    box = FancyBboxPatch(
        (x - 0.45, y - 0.4),
        0.9,
        0.8,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=fill,
        edgecolor="#12305f" if top else "none",
        linewidth=1.6,
    )
    axes.add_patch(box)
    low, high = score.interval
    value = percent(score.score).removesuffix(" %")
    axes.text(
        x, y - 0.1, value, ha="center", va="center", fontsize=10.5, color="#10141c", weight="bold" if top else None
    )
    axes.text(x, y + 0.23, f"{100 * low:.0f}–{100 * high:.0f}", ha="center", va="center", fontsize=6.5, color="#3a4250")


def _in_top(winner: Winner, arm: str) -> bool:
    return winner.strategy is not None and arm in winner.members


def panels(report: Report) -> Mapping[str, str]:
    """One interval picture for the whole set and for each slice."""
    names: Sequence[str] = (OVERALL, *report.slices)
    return {name: intervals(report, name) for name in names}
