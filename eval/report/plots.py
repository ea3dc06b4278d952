"""Pictures of a report, as SVG text: they take their ink from the page, so that light and dark both suit them."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crossover.eval.questions import OVERALL
from crossover.eval.report.document import Report, Score, Winner
from crossover.eval.report.recommendation import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Told apart by colour-blind readers too, and visible on white and on black.
COLOURS = {
    "base": "#8b93a1",
    "few-shot": "#45a5d6",
    "rag": "#2f74c8",
    "rag+examples": "#8a63d2",
    "finetune": "#d9822b",
    "hybrid": "#1f9e74",
    "auto": "#c2497b",
}
_INK, _LINE = "#010203", "#040506"  # replaced by the page's own colours
_OTHER = "#8b93a1"


def intervals(report: Report, name: str) -> str:
    """Scores of one slice (or ``overall``) with their 95 % intervals, the top set filled."""
    scores: dict[str, Score] = {
        arm: strategy if name == OVERALL else strategy.slices[name] for arm, strategy in report.strategies.items()
    }
    winner = report.overall if name == OVERALL else report.winners[name]
    figure, axes = _figure(3.4, 0.55 + 0.27 * len(scores))
    for row, (arm, score) in enumerate(scores.items()):
        _whisker(axes, row, arm, score, winner)
    axes.set_yticks(range(len(scores)), list(scores))
    axes.set_ylim(len(scores) - 0.5, -0.5)
    axes.set_xlim(-4, 104)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=_LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    return _svg(figure)


def quality_and_cost(report: Report) -> str:
    """Exact match against cost per 1,000 answers; empty when no cost is known."""
    points = {arm: s for arm, s in report.strategies.items() if s.cost_per_1000 is not None}
    if not points:
        return ""
    figure, axes = _figure(5.4, 3.0)
    costs = [float(s.cost_per_1000 or 0) for s in points.values()]
    for (arm, score), cost in zip(points.items(), costs, strict=True):
        colour = COLOURS.get(arm, _OTHER)
        low, high = (100 * edge for edge in score.interval)
        axes.plot([cost, cost], [low, high], color=colour, linewidth=1.6)
        axes.plot([cost], [100 * score.score], "o", color=colour, markersize=6.5)
        axes.annotate(arm, (cost, 100 * score.score), (7, 4), textcoords="offset points", color=_INK, fontsize=8.5)
    axes.set_xlim(0, 1.25 * max(costs) or 1)
    axes.set_ylim(0, 100)
    axes.set_xlabel(
        f"{report.prices['currency']} per 1,000 answers ({report.prices['label']})", color=_INK, fontsize=8.5
    )
    axes.set_ylabel("exact match, %", color=_INK, fontsize=8.5)
    axes.grid(color=_LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    return _svg(figure)


def verdict(report: Report) -> str:
    """The strategy x slice heat map as a picture of its own, on white, for a README or a slide."""
    columns = [OVERALL, *report.slices]
    arms = list(report.strategies)
    figure, axes = _figure(1.7 + 1.0 * len(columns), 1.1 + 0.46 * len(arms), background="white")
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
    note = f"exact match in % (95 % intervals), {report.questions} questions; framed: not significantly below the best"
    axes.set_xlabel(note, fontsize=8, color="#555b66", labelpad=6)
    return _svg(figure, page_colours=False)


def _figure(width: float, height: float, background: str = "none") -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor=background)
    axes = figure.add_subplot(facecolor="none")
    ink = _INK if background == "none" else "#1b1f27"
    axes.tick_params(colors=ink, labelsize=8.5, width=0.6)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(_LINE)
    return figure, axes


def _whisker(axes: Any, row: int, arm: str, score: Score, winner: Winner) -> None:
    colour = COLOURS.get(arm, _OTHER)
    low, high = (100 * edge for edge in score.interval)
    axes.plot([low, high], [row, row], color=colour, linewidth=2.0, solid_capstyle="round")
    filled = colour if _in_top(winner, arm) else "none"
    axes.plot(
        [100 * score.score], [row], "o", markersize=6.5, color=colour, markerfacecolor=filled, markeredgewidth=1.5
    )


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


def _svg(figure: Figure, *, page_colours: bool = True) -> str:
    """The figure as an <svg> element, the same text every time, sized by the page."""
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "crossover"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", text)
    if page_colours:
        text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
        text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
        text = text.replace(_INK, "currentColor").replace(_LINE, "var(--line)")
    return re.sub(r">\s+<", "><", text).strip()


def panels(report: Report) -> Mapping[str, str]:
    """One interval picture for the whole set and for each slice."""
    names: Sequence[str] = (OVERALL, *report.slices)
    return {name: intervals(report, name) for name in names}
