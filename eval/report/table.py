"""The strategy x slice table of the terminal."""

from __future__ import annotations

from rich import box
from rich.markup import escape
from rich.table import Table

from crossover.eval.questions import OVERALL
from crossover.eval.report.document import Report
from crossover.eval.report.figures import Score, Strategy, Winner


def table(report: Report) -> Table:
    """One column a strategy, one row a slice, narrow enough for 80 characters; a star marks each row's top set."""
    built = Table(
        title=f"{escape(report.question_set['name'])}: {report.headline} in %, {report.questions} questions",
        caption=(
            "* top set: the best, and all not significantly below it. "
            f"Cost: {escape(report.prices['currency'])} per 1,000, {escape(report.prices['label'])}."
        ),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    built.add_column("")
    for arm in report.strategies:
        built.add_column(arm, justify="right", no_wrap=True)
    rows = {OVERALL: report.overall, **report.winners}
    last = {OVERALL, *(names[-1] for names in report.automatic.values())}
    for name, winner in rows.items():
        scores: dict[str, Score] = {
            arm: strategy if name == OVERALL else strategy.slices[name] for arm, strategy in report.strategies.items()
        }
        built.add_row(
            escape(name), *(_cell(arm, score, winner) for arm, score in scores.items()), end_section=name in last
        )
    built.add_section()
    built.add_row("cost", *(_cost(strategy) for strategy in report.strategies.values()))
    return built


def _cell(arm: str, score: Score, winner: Winner) -> str:
    value = f"{100 * score.score:.0f}"
    return f"[bold green]{value}*[/]" if winner.strategy and arm in winner.members else f"{value} "


def _cost(strategy: Strategy) -> str:
    return "- " if strategy.cost_per_1000 is None else f"{strategy.cost_per_1000:.3f} "
