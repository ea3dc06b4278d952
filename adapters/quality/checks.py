"""All checks of examples that are well formed; a new one is a file with `find` and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crossover.adapters.examples import DataWarning
from crossover.adapters.quality import (
    amount,
    contradictions,
    duplicates,
    labels,
    languages,
    leakage,
    lengths,
    non_answers,
    personal_data,
    secrets,
)
from crossover.adapters.quality.examined import Examined

Check = Callable[[Examined], Iterable[DataWarning]]

CHECKS: tuple[Check, ...] = (
    secrets.find, personal_data.find, leakage.find, contradictions.find, non_answers.find, lengths.find,
    duplicates.find, labels.find, languages.find, amount.find,
)  # fmt: skip


def examine(examined: Examined) -> list[DataWarning]:
    """Everything that the checks find, the gravest kinds first."""
    return [finding for find in CHECKS for finding in find(examined)]
