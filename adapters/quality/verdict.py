"""The verdict in words: are these examples fit to learn from, and what to look at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from crossover.adapters.examples import DataError, DataWarning
from crossover.adapters.quality.amount import ENOUGH, FACTS, LEAST

_NAMES = {  # the gravest first
    "secret": ("key or token", "keys or tokens"),
    "leakage": ("leaked question", "leaked questions"),
    "contradiction": ("contradiction", "contradictions"),
    "personal-data": ("text with personal data", "texts with personal data"),
    "non-answer": ("answer that is none", "answers that are none"),
    "too-long": ("example beyond the context", "examples beyond the context"),
    "placeholder": ("unfilled placeholder", "unfilled placeholders"),
    "duplicate": ("duplicate", "duplicates"),
    "near-duplicate": ("near duplicate", "near duplicates"),
    "label-spelling": ("label in two spellings", "labels in two spellings"),
    "label-balance": ("remark on the balance of labels", "remarks on the balance of labels"),
    "special-token": ("special token as text", "special tokens as text"),
    "damaged-text": ("damaged text", "damaged texts"),
    "not-carried": ("field that training ignores", "fields that training ignores"),
    "unanswered": ("question without an answer", "questions without an answer"),
    "label-number": ("number in place of a label", "numbers in place of labels"),
    "cut": ("conversation cut by the context", "conversations cut by the context"),
    "language": ("remark on languages", "remarks on languages"),
    "outlier": ("answer of unusual length", "answers of unusual length"),
}
_NAMED = 4


def summarise(findings: Iterable[DataError | DataWarning]) -> dict[str, int]:
    """How many findings of each kind there are, the most frequent first."""
    return dict(Counter(finding.code for finding in findings).most_common())


def verdict(findings: Iterable[DataError | DataWarning], examples: int, questions: int, notes: Iterable[str]) -> str:
    """Two or three sentences for people.

    Args:
        findings: of all files.
        examples: that could be read.
        questions: how many of theirs are different.
        notes: what could not be looked at, as sentences.
    """
    findings = list(findings)
    errors = sum(finding.level == "error" for finding in findings)
    grave = _named(summarise(finding for finding in findings if finding.level == "warning"))
    if not examples:
        return "Not usable: no row could be read."
    bad = f"{errors} bad {'row' if errors == 1 else 'rows'}"
    opening = f"Not usable as it is: {bad} (--skip-bad goes on without)." if errors else "Usable."
    look = (
        f"Look at these first: {grave}." if grave else "Nothing else stands out." if errors else "Nothing stands out."
    )
    return " ".join([opening, look, _enough(examples, questions), *notes])


def _named(counts: Mapping[str, int]) -> str:
    known = [code for code in _NAMES if code in counts][:_NAMED]
    return ", ".join(f"{counts[code]:,} {_NAMES[code][counts[code] > 1]}" for code in known)


def _enough(examples: int, questions: int) -> str:
    counted = f"{examples:,} examples" if examples == questions else f"{examples:,} examples of {questions:,} questions"
    if questions < LEAST:
        return f"{counted}: too few for anything but a trial."
    if questions < ENOUGH["style"]:
        return f"{counted}: few even for a style, which takes some tens; {FACTS}."
    if questions < ENOUGH["task"]:
        return f"{counted}: enough for a style, few for a task, which takes hundreds; {FACTS}."
    return f"{counted}: enough for a style or a task; {FACTS}."
