"""The decision alone: scores in, a verdict with its sentences out. Nothing is asked here.

A version is refused when it is *shown* to be worse: by more than the margin, and not by chance. How large a loss so
few questions could not have shown is said beside. All comparisons of one gate share one level of significance
(Bonferroni), one-sided: it is the loss that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

LEVEL = 0.05
_AGREEMENT = 0.75
"""Share of answers that the served adapter must have in common with the trained one; near ties may fall otherwise."""

Outcome = Literal["passed", "refused", "not gated"]
Scores = Sequence[float]


class Interval(Protocol):
    """95 % confidence."""

    @property
    def low(self) -> float:
        """Its lower edge."""

    @property
    def high(self) -> float:
        """Its upper edge."""


class Comparison(Protocol):
    """The paired difference of two lists of scores."""

    @property
    def difference(self) -> float:
        """Mean of the first minus that of the second."""

    @property
    def interval(self) -> Interval:
        """Of the difference."""

    @property
    def p_value(self) -> float:
        """Two-sided, of this comparison alone."""

    @property
    def detectable(self) -> float:
        """The smallest difference that so many questions show in 4 of 5 cases."""


Compare = Callable[[Scores, Scores, Sequence[str], int], Comparison]
"""From two lists of scores, the group of each question, and how many comparisons stand beside it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one comparison is made of.

    Args:
        what: ``task``, ``forgetting`` or ``format``.
        against: what the version is compared with: ``base``, or a served name.
        new: its scores, 0 to 1.
        other: those of the other, on the same questions.
        groups: of the questions.
        note: what more there is to say about the questions.
    """

    what: str
    against: str
    new: Scores
    other: Scores
    groups: Sequence[str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Parity:
    """How many of the served adapter's answers the trained one gives too; `why_not` where that could not be asked."""

    same: int = 0
    asked: int = 0
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison, decided."""

    what: str
    against: str
    score: float
    other: float
    difference: float
    low: float
    high: float
    p_value: float
    n: int
    passed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a version may be promoted, and why, in sentences."""

    outcome: Outcome
    sentences: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    margin: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against a promotion; what could not be gated is let through."""
        return self.outcome != "refused"

    def document(self) -> dict[str, Any]:
        """As the card records it."""
        return asdict(self)


class GateRefused(RuntimeError):
    """A version that may not be promoted: what speaks against it, and what can be done."""

    def __init__(self, served_name: str, verdict: Verdict) -> None:
        told = " ".join(verdict.sentences)
        forgot = any(check.what == "forgetting" and not check.passed for check in verdict.checks)
        remedy = "training with --replay 0.2 keeps what was forgotten; " if forgot else ""
        super().__init__(f"{served_name} is not promoted. {told} ({remedy}--force promotes it all the same)")
        self.verdict = verdict


def not_gated(why: str) -> Verdict:
    """The verdict where there is nothing to compare on."""
    return Verdict("not gated", (f"Nothing was gated: {why}.",))


def decide(
    measured: Sequence[Measured], mismatches: Sequence[str], parity: Parity, compare: Compare, margin: float
) -> Verdict:
    """The verdict over all comparisons.

    Args:
        measured: one for each comparison.
        mismatches: where the version would be asked otherwise than it was trained, as sentences.
        parity: of the served and the trained adapter.
        compare: the statistics.
        margin: the loss, in shares of 1, that is accepted.
    """
    checks = tuple(_check(each, compare, len(measured), margin) for each in measured)
    agrees = not parity.asked or parity.same >= _AGREEMENT * parity.asked
    passed = agrees and not mismatches and all(check.passed for check in checks)
    sentences = (*(check.sentence for check in checks), _told(parity, agrees=agrees), *mismatches)
    return Verdict("passed" if passed else "refused", sentences, checks, margin)


def _check(measured: Measured, compare: Compare, comparisons: int, margin: float) -> Check:
    found = compare(measured.new, measured.other, measured.groups, comparisons)
    shown = found.p_value / 2 * comparisons < LEVEL
    worse = shown and found.difference < -margin
    score, other = (sum(scores) / len(scores) for scores in (measured.new, measured.other))
    interval = f"{_points(found.difference)} points, {_points(found.interval.low)} to {_points(found.interval.high)}"
    if worse:
        words = f"worse by more than {100 * margin:.0f} points"
    elif shown:
        words = "better" if found.difference > 0 else f"worse, within the margin of {100 * margin:.0f} points"
    else:
        words = f"no difference shown; so many questions show one of {100 * found.detectable:.0f} points or more"
    sentence = (
        f"{measured.what.capitalize()}: {score:.0%} against {other:.0%} of {measured.against} on "
        f"{len(measured.new)} questions ({interval}): {words}.{measured.note and ' ' + measured.note}"
    )
    return Check(
        measured.what, measured.against, score, other, found.difference, found.interval.low, found.interval.high,
        found.p_value, len(measured.new), not worse, sentence,
    )  # fmt: skip


def _told(parity: Parity, *, agrees: bool) -> str:
    if not parity.asked:
        return f"Parity: not looked at, because {parity.why_not}."
    end = "" if agrees else ": what is served is not what was trained"
    return f"Parity: {parity.same} of {parity.asked} served answers are those of the trained adapter{end}."


def _points(share: float) -> str:
    return f"{100 * share:+.0f}"
