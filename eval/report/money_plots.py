"""Pictures of cost: paid over the days, against the load, and against quality."""

from __future__ import annotations

from typing import Any

import numpy as np

from crossover.eval.money.arm_cost import ArmCost
from crossover.eval.money.break_even import MOST
from crossover.eval.money.document import BreakEven
from crossover.eval.report.document import Report
from crossover.eval.report.drawing import INK, LINE, colour, figure, svg

_SHOWN = ("rag", "rag+examples", "finetune", "hybrid")
_SMALL = 8.5


def paid_over_days(money: BreakEven) -> str:
    """Everything paid by the end of each day at the planned load, fine-tuned arms beside their rivals; empty when
    nothing is compared."""
    costs = _compared(money)
    if not costs:
        return ""
    drawn, axes = figure(5.0, 3.1)
    days = np.arange(0, money.horizon_days + 1)
    for arm, cost in costs.items():
        axes.plot(days, cost.total(money.questions_per_day, days), color=colour(arm), linewidth=1.8, label=arm)
    pair = money.pair(*money.headline) if money.headline else None
    if pair and pair.pays_from_day and pair.pays_from_day > 1:
        paid = float(costs[pair.arm].total(money.questions_per_day, pair.pays_from_day))
        axes.plot([pair.pays_from_day], [paid], "o", color=colour(pair.arm), markersize=6.5)
        axes.annotate(
            f"day {pair.pays_from_day}", (pair.pays_from_day, paid), (6, -11), textcoords="offset points", color=INK,
            fontsize=_SMALL,
        )  # fmt: skip
    axes.set_xlim(0, money.horizon_days)
    axes.set_ylim(bottom=0)
    _finish(axes, f"days, at {money.questions_per_day:,} questions a day", f"paid so far, {money.currency}")
    return svg(drawn)


def cost_by_load(money: BreakEven) -> str:
    """Cost per 1,000 questions against questions a day, both in powers of ten, the crossing marked."""
    costs = _compared(money)
    if not costs:
        return ""
    drawn, axes = figure(5.0, 3.1)
    pair = money.pair(*money.headline) if money.headline else None
    crossing = pair.from_questions_per_day if pair else None
    top = max(1e5, 10.0 * money.questions_per_day, 10.0 * (crossing or 0))
    loads = np.unique(np.round(np.geomspace(100, min(top, MOST), 400)))
    free = False
    for arm, cost in costs.items():
        per_1000 = cost.total(loads, money.horizon_days) / (loads * money.horizon_days) * 1000
        free = free or not per_1000.min() > 0
        axes.plot(loads, per_1000, color=colour(arm), linewidth=1.8, label=arm)
    axes.axvline(money.questions_per_day, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
    if pair and crossing and crossing >= 100:
        axes.plot([crossing], [costs[pair.arm].per_1000(crossing, money.horizon_days)], "o", color=colour(pair.arm))
    axes.set_xscale("log")
    axes.set_yscale("linear" if free else "log")
    axes.set_xlim(loads[0], loads[-1])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    _finish(axes, "questions a day (dashed: planned)", f"{money.currency} per 1,000")
    return svg(drawn)


def quality_and_cost(report: Report) -> str:
    """Exact match against cost per 1,000 questions, the Pareto front drawn through; empty when no cost is known."""
    points = {arm: (s, s.cost_per_1000) for arm, s in report.strategies.items() if s.cost_per_1000 is not None}
    if not points:
        return ""
    drawn, axes = figure(5.0, 3.1)
    costs = [cost for _, cost in points.values()]
    front = [(points[arm][1], 100 * points[arm][0].score) for arm in report.break_even.front if arm in points]
    axes.plot(*zip(*front, strict=True), color=INK, linewidth=1.0, linestyle=(0, (4, 3)), drawstyle="steps-post")
    for arm, (score, cost) in points.items():
        low, high = (100 * edge for edge in score.interval)
        axes.plot([cost, cost], [low, high], color=colour(arm), linewidth=1.6)
        filled = colour(arm) if arm in report.break_even.front else "none"
        axes.plot([cost], [100 * score.score], "o", color=colour(arm), markerfacecolor=filled, markersize=6.5)
    axes.set_xlim(0, 1.3 * max(costs) or 1)
    axes.set_ylim(0, min(104, 125 * max(score.interval[1] for score, _ in points.values())))
    _name_points(axes, {arm: (cost, 100 * score.score) for arm, (score, cost) in points.items()})
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"{report.break_even.currency} per 1,000 questions", color=INK, fontsize=_SMALL)
    axes.set_ylabel(f"{report.headline}, %", color=INK, fontsize=_SMALL)
    return svg(drawn)


def _name_points(axes: Any, points: dict[str, tuple[float, float]]) -> None:
    """Each point's name on the first of some places in the picture where no other name and no other point stands."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    places = {arm: ((x - left) / (right - left), (y - low) / (high - low)) for arm, (x, y) in points.items()}
    taken: list[tuple[float, float, float]] = []  # left edge, right edge and height, in shares of the picture

    def clear(arm: str, box: tuple[float, float, float]) -> bool:
        others = [(x, x, y) for name, (x, y) in places.items() if name != arm]
        return (
            box[0] > 0
            and box[2] >= 0
            and not any(a < box[1] and b > box[0] and abs(y - box[2]) < 0.06 for a, b, y in taken + others)
        )

    for arm, (x, y) in places.items():
        width, sides = 0.02 + 0.019 * len(arm), ((7, 5), (-7, 5), (7, -12), (-7, -12), (7, 17), (-7, 17), (7, 29))
        boxes = {
            side: (x, x + width, y + side[1] / 180) if side[0] > 0 else (x - width, x, y + side[1] / 180)
            for side in sides
        }
        side = next((side for side in sides if clear(arm, boxes[side])), sides[0])
        taken.append(boxes[side])
        axes.annotate(
            arm, points[arm], side, textcoords="offset points", color=INK, fontsize=_SMALL,
            horizontalalignment="left" if side[0] > 0 else "right",
        )  # fmt: skip


def _compared(money: BreakEven) -> dict[str, ArmCost]:
    if not money.pairs:
        return {}
    priced = {arm: money.costs[arm].cost(arm) for arm in _SHOWN if arm in money.costs}
    return {arm: cost for arm, cost in priced.items() if cost is not None}


def _finish(axes: Any, x: str, y: str) -> None:
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(x, color=INK, fontsize=_SMALL)
    axes.set_ylabel(y, color=INK, fontsize=_SMALL)
    axes.legend(frameon=False, fontsize=_SMALL, labelcolor=INK)
