"""From evidence to advice: one line of arithmetic for each piece, and which of them decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crossover.eval.advice.evidence import Drift, Evidence
from crossover.eval.report.recommendation import p_text, percent

Verdict = Literal["not yet", "retrain now", "RAG is enough"]

EXIT_CODES: dict[Verdict, int] = {"not yet": 0, "retrain now": 10, "RAG is enough": 11}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a piece of evidence counts.

    Args:
        stale: share of what training saw that changed or went.
        new_examples: examples waiting, as a share of those trained on; asked where no learning curve tells.
        gain: points that the learning curve promises, as a share of 1.
        margin: by how much the adapter may be better than retrieval for RAG still to be enough.
        days: since training; None: age alone is no reason.
    """

    stale: float = 0.2
    new_examples: float = 0.2
    gain: float = 0.02
    margin: float = 0.05
    days: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: what was looked at, what was found, from where on it counts, what it speaks for."""

    what: str
    found: str
    counts: str
    speaks_for: Verdict | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about one version, with the table that it follows from."""

    version: str
    verdict: Verdict
    lines: tuple[Line, ...]

    @property
    def because(self) -> list[str]:
        """The findings that speak for the verdict."""
        return [f"{line.what}: {line.found}" for line in self.lines if line.speaks_for == self.verdict]


def decide(evidence: Evidence, limits: Thresholds) -> Advice:
    """The advice on a version.

    Retrieval goes first: where it does as well, training again is paid for nothing. What canary questions say of that
    counts only while the adapter is up to date, for another training could mend what they found; the curve always.
    """
    lines = tuple(_lines(evidence, limits))
    spoken = {line.speaks_for for line in lines}
    verdicts: tuple[Verdict, ...] = ("RAG is enough", "retrain now")
    return Advice(evidence.version, next((each for each in verdicts if each in spoken), "not yet"), lines)


def _lines(evidence: Evidence, limits: Thresholds) -> list[Line]:
    lines = [_base(evidence), _sources(evidence, limits), _waiting(evidence, limits), _expected(evidence, limits)]
    lines += [
        Line("ratings", "none, or too few to compare", "shown to fall")
        if evidence.feedback is None
        else _drift("ratings", evidence.feedback)
    ]
    lines += [_drift(f"canary questions, {drift.arm}", drift) for drift in evidence.canary]
    return [line for line in [*lines, _against(evidence, limits), _age(evidence, limits), _cost(evidence)] if line]


def _base(evidence: Evidence) -> Line | None:
    if evidence.other_base is None:
        return None
    return Line("base model", f"trained on {evidence.other_base}, another is served", "another one", "retrain now")


def _sources(evidence: Evidence, limits: Thresholds) -> Line:
    found, counts = evidence.sources, f"{percent(limits.stale)} or more"
    if found is None:
        return Line("sources", "the card names no documents: it was trained without context", counts)
    chunks = f"{found.changed} changed + {found.gone} gone of {found.chunks} chunks = {percent(found.chunk_share)}"
    if found.sentences:
        chunks += f"; {found.sentences_gone} of {found.sentences} sentences = {percent(found.share)}"
    return Line("sources", chunks, counts, "retrain now" if found.share >= limits.stale else "")


def _waiting(evidence: Evidence, limits: Thresholds) -> Line:
    waiting = evidence.waiting
    found = (
        f"{waiting.in_file} in the file + {waiting.corrections} corrections = {waiting.new} beside "
        f"{waiting.trained_on} = {percent(waiting.share)}"
    )
    if evidence.expected is not None:
        return Line("new examples", found, "by what the curve promises")
    counts = f"{percent(limits.new_examples)} or more"
    return Line("new examples", found, counts, "retrain now" if waiting.share >= limits.new_examples else "")


def _expected(evidence: Evidence, limits: Thresholds) -> Line | None:
    told = evidence.expected
    if told is None:
        return None
    found = (
        f"{told.arm} {percent(told.before)} with {told.trained_on} examples, {percent(told.after)} with "
        f"{told.examples} = {100 * told.gain:+.1f} points; {told.rival} {percent(told.rival_score)}"
    )
    counts = f"{100 * limits.gain:g} points or more"
    if told.never:
        return Line("learning curve", found, f"{told.rival} not overtaken", "RAG is enough")
    return Line("learning curve", found, counts, "retrain now" if told.gain >= limits.gain else "")


def _drift(what: str, drift: Drift) -> Line:
    low, high = (round(100 * edge) for edge in (drift.comparison.interval.low, drift.comparison.interval.high))
    found = (
        f"{percent(drift.before)} before, {percent(drift.now)} now = {100 * drift.comparison.difference:+.0f} points "
        f"({low:+} to {high:+}, {p_text(drift.comparison.p_value)}, {drift.comparison.n} answers)"
    )
    return Line(what, found, "shown to fall", "retrain now" if drift.fell else "")


def _against(evidence: Evidence, limits: Thresholds) -> Line | None:
    told = evidence.against
    if told is None:
        return None
    high = told.comparison.interval.high
    found = (
        f"{told.tuned} {percent(told.tuned_score)} - {told.rival} {percent(told.rival_score)} = "
        f"{100 * told.comparison.difference:+.0f} points, at most {100 * high:+.0f}"
    )
    counts = f"at most {100 * limits.margin:+g} points"
    stale = evidence.sources is not None and evidence.sources.share >= limits.stale
    if stale or evidence.other_base is not None:
        return Line("instead of RAG", found, f"{counts}, and up to date")
    enough = told.comparison.decidable and high <= limits.margin
    return Line("instead of RAG", found, counts, "RAG is enough" if enough else "")


def _age(evidence: Evidence, limits: Thresholds) -> Line:
    counts = "never by itself" if limits.days is None else f"{limits.days:g} days"
    due = limits.days is not None and evidence.days >= limits.days
    return Line("age", f"{evidence.days:.0f} days", counts, "retrain now" if due else "")


def _cost(evidence: Evidence) -> Line:
    cost = evidence.cost
    found = (
        f"{cost.preparation:.2f} preparation + {cost.gate:.2f} gate + {cost.hours:.3f} h x {cost.per_hour:.2f} + "
        f"{cost.relabelled:.0f} labels x {cost.per_example:.2f} = {cost.total:.2f} {cost.currency} ({cost.label}); "
        f"the last one took {cost.wall_seconds / 60:.1f} minutes on {cost.device or 'an unnamed device'}"
    )
    gain = evidence.expected.gain if evidence.expected else 0.0
    return Line("another training", found + (f"; {cost.total / (100 * gain):.2f} a point" if gain > 0 else ""), "")
