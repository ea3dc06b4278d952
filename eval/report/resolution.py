"""What so many questions can tell apart at all: the minimum detectable effect of each slice, in words."""

from __future__ import annotations

from crossover.eval.questions import OVERALL
from crossover.eval.report.document import Report, Resolution
from crossover.eval.report.figures import Strategy, Winner


def resolution(strategies: dict[str, Strategy], winners: dict[str, Winner]) -> dict[str, Resolution]:
    """Of each row of the report, the best arm against its nearest rival; rows with one arm are left out.

    Args:
        winners: by slice, `OVERALL` among them.
    """
    return {name: _resolution(name, strategies, winner) for name, winner in winners.items() if winner.against}


def sentence(found: Resolution) -> str:
    """What a resolution means for whoever reads the scores."""
    asked = f"{found.questions} questions about {found.groups} facts"
    if not found.decidable:
        return f"{asked} cannot tell any two strategies apart, whatever the answers."
    least, difference = f"{_points(found.detectable)}", f"{_points(abs(found.difference))}"
    if found.shown:
        return f"{asked} show differences of {least} or more; {found.best} is {difference} above {found.rival}."
    if abs(found.difference) >= found.detectable:
        return f"{asked} do not show the {difference} found between {found.best} and {found.rival}: some more could."
    text = f"{asked} cannot tell apart what differs by less than {least} ({found.best} and {found.rival})"
    if found.more_questions is None:
        return f"{text}; between these no difference was found."
    return f"{text}; {difference} were found, which about {_about(found.more_questions)} more questions could show."


def sentences(report: Report) -> dict[str, str]:
    """The sentence of each row, overall first."""
    return {name: sentence(found) for name, found in report.resolution.items()}


def _resolution(name: str, strategies: dict[str, Strategy], winner: Winner) -> Resolution:
    rival, nearest = min(winner.against.items(), key=lambda item: (item[1].difference, item[0]))
    best = strategies[winner.best]
    asked = best if name == OVERALL else best.slices[name]
    return Resolution(
        questions=asked.n,
        groups=asked.groups,
        best=winner.best,
        rival=rival,
        difference=nearest.difference,
        detectable=nearest.detectable,
        shown=nearest.words in ("better", "worse"),
        decidable=winner.words != "too few questions",
        more_questions=nearest.questions_needed,
    )


def _about(number: int) -> str:
    """Two figures are as many as such an estimate has."""
    return f"{int(float(f'{number:.2g}')):,}"


def _points(share: float) -> str:
    points = round(100 * share)
    return f"{points} point{'' if points == 1 else 's'}" if points else "less than 1 point"
