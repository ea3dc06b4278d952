"""The losses of a training, step by step, and their picture in the version's folder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.card import ValidationCard

PLOT_FILE = "loss.svg"
_TRAINING, _VALIDATION, _INK, _LINE = "#2f74c8", "#d9822b", "#1b1f27", "#c9ced6"
_SMALL = 8.5

Point = tuple[float, float]
"""Epoch and loss."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What a training logged.

    Args:
        training: after each step.
        validation: each time it was looked at; empty without validation.
        epochs: how many were planned.
    """

    training: list[Point]
    validation: list[Point]
    epochs: int

    def by_epoch(self) -> list[float]:
        """The mean training loss of each epoch that was begun."""
        epochs: dict[int, list[float]] = {}
        for epoch, loss in self.training:
            epochs.setdefault(math.ceil(round(epoch, 6)), []).append(loss)
        return [round(sum(losses) / len(losses), 4) for losses in epochs.values()]

    def chosen(self, examples: int) -> ValidationCard | None:
        """What chose the weights, for the card; None without validation."""
        if not self.validation:
            return None
        points = [(round(epoch, 2), round(loss, 4)) for epoch, loss in self.validation]
        last = self.training[-1][0] if self.training else 0.0
        return ValidationCard(
            examples=examples,
            losses=points,
            best_epoch=min(points, key=lambda point: point[1])[0],
            stopped_epoch=round(last, 2) if last < self.epochs - 1e-6 else None,
        )

    def draw(self, folder: Path) -> None:
        """Write loss.svg: training by epoch, validation where it was looked at, the epoch that was kept."""
        import matplotlib
        from matplotlib.figure import Figure

        figure = Figure(figsize=(5.2, 3.0), layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        means = self.by_epoch()
        axes.plot(range(1, len(means) + 1), means, "o-", markersize=3, linewidth=1.6, color=_TRAINING, label="training")
        if self.validation:
            axes.plot(*zip(*self.validation, strict=True), "o-", markersize=3, color=_VALIDATION, label="validation")
            best = min(self.validation, key=lambda point: point[1])[0]
            axes.axvline(best, color=_VALIDATION, linewidth=0.8, linestyle=":", label="kept")
        axes.set_xlabel("epoch", color=_INK, fontsize=_SMALL)
        axes.set_ylabel("loss of the answers' tokens", color=_INK, fontsize=_SMALL)
        axes.set_ylim(bottom=0)
        axes.tick_params(colors=_INK, labelsize=_SMALL, width=0.6)
        axes.grid(color=_LINE, linewidth=0.6)
        axes.legend(frameon=False, fontsize=_SMALL, labelcolor=_INK)
        for name, spine in axes.spines.items():
            spine.set_visible(name in ("left", "bottom"))
        with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "crossover"}):
            figure.savefig(folder / PLOT_FILE, format="svg", metadata={"Date": None, "Creator": None})
