"""Pictures of a learning curve: each slice's trainings, the curves through them, and the score to overtake."""

from __future__ import annotations

from typing import Any

import numpy as np

from crossover.eval.learning_curve.document import Fitted, LearningCurve
from crossover.eval.learning_curve.fit import Curves
from crossover.eval.questions import OVERALL
from crossover.eval.report.drawing import INK, LINE, colour, figure, svg

_SMALL = 8.5


def curve_pictures(document: LearningCurve) -> dict[str, str]:
    """One picture for all questions, larger, and one for each slice; none without a learning curve."""
    return {
        name: _picture(document, name, *((5.2, 3.0) if name == OVERALL else (2.7, 1.9))) for name in document.points
    }


def _picture(document: LearningCurve, name: str, width: float, height: float) -> str:
    drawn, axes = figure(width, height)
    smallest, largest = min(document.sizes), max(document.sizes)
    sizes = np.geomspace(smallest, largest, 200)
    rival = 100 * document.rival_scores[name]
    axes.axhline(rival, color=colour(document.rival), linewidth=1.6, label=document.rival)
    for arm, points in document.points[name].items():
        ink, fitted = colour(arm), document.crossings[name][arm]
        axes.plot([p.size for p in points], [100 * p.score for p in points], "o", color=ink, markersize=4, alpha=0.75)
        curve = Curves(np.array([fitted.level]), np.array([fitted.gain]), np.array([fitted.bend]))
        axes.plot(sizes, 100 * curve.at(sizes)[0], color=ink, linewidth=1.6, label=arm)
        _mark(axes, fitted, ink, rival, smallest, largest)
    for checked in document.checked if name == OVERALL else []:
        score = rival + 100 * checked.difference
        axes.plot([checked.size], [score], "D", color=colour(checked.arm), markersize=6, markerfacecolor="none")
    axes.set_xscale("log")
    axes.set_xlim(smallest * 0.9, largest * 1.1)
    axes.set_xticks(document.sizes, [f"{size:,}" for size in document.sizes])
    axes.minorticks_off()
    axes.set_ylim(-3, 103)
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    if name == OVERALL:
        axes.set_ylabel("exact match, %", color=INK, fontsize=_SMALL)
        axes.set_xlabel("labelled examples trained on", color=INK, fontsize=_SMALL)
        axes.legend(frameon=False, fontsize=_SMALL, labelcolor=INK, loc="upper left")
    return svg(drawn)


def _mark(axes: Any, fitted: Fitted, ink: str, rival: float, smallest: int, largest: int) -> None:
    """The crossing with its 80 % interval, along the rival's line, as far as the picture goes."""
    low, high = fitted.interval
    if fitted.words != "at" or fitted.examples is None or low is None or low > largest:
        return
    ends = [max(low, smallest), min(largest, high if high is not None else largest)]
    axes.plot(ends, [rival, rival], color=ink, linewidth=5, alpha=0.35, solid_capstyle="butt")
    if fitted.examples <= largest:
        axes.plot([fitted.examples], [rival], "o", color=ink, markersize=7, markerfacecolor="none", markeredgewidth=1.6)
