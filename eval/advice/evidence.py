"""What speaks for training again or against it, each piece by itself; None where it was not looked at."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.eval.statistics import Comparison
from crossover.server.source_changes import SourceChanges


@dataclass(frozen=True, slots=True)
class Waiting:
    """Examples that the version was not trained on: of a data file, and corrected answers since its training."""

    trained_on: int
    in_file: int
    corrections: int

    @property
    def new(self) -> int:
        """Both together."""
        return self.in_file + self.corrections

    @property
    def share(self) -> float:
        """Of as many as it was trained on."""
        return self.new / max(1, self.trained_on)


@dataclass(frozen=True, slots=True)
class Drift:
    """A share of good answers before and now; of `comparison`, the difference is that of now minus before."""

    arm: str
    before: float
    now: float
    comparison: Comparison

    @property
    def fell(self) -> bool:
        """Whether the fall is shown."""
        return self.comparison.words == "worse"


@dataclass(frozen=True, slots=True)
class Against:
    """The best arm with the adapter beside the best without; the difference is the former minus the latter."""

    tuned: str
    rival: str
    tuned_score: float
    rival_score: float
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Expected:
    """What the learning curve says of training on `examples` instead of `trained_on`.

    Args:
        never: no arm is above retrieval with so many, not even at the favourable edge of its 80 % interval.
    """

    arm: str
    trained_on: int
    examples: int
    before: float
    after: float
    rival: str
    rival_score: float
    never: bool

    @property
    def gain(self) -> float:
        """In the score of the curve."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Cost:
    """What another training takes, by the last one; amounts in `currency`.

    Args:
        relabelled: examples to be labelled again, because what they say is out of date.
    """

    hours: float
    wall_seconds: float
    device: str
    preparation: float
    gate: float
    per_hour: float
    relabelled: float
    per_example: float
    currency: str
    label: str

    @property
    def total(self) -> float:
        """All of it."""
        return self.preparation + self.gate + self.hours * self.per_hour + self.relabelled * self.per_example


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about one version.

    Args:
        days: since its training.
        other_base: the base model that it was trained on, where another one is served now.
        sources: None where the card names no documents.
    """

    version: str
    days: float
    cost: Cost
    waiting: Waiting
    other_base: str | None = None
    sources: SourceChanges | None = None
    feedback: Drift | None = None
    canary: tuple[Drift, ...] = ()
    against: Against | None = None
    expected: Expected | None = None
