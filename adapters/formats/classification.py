"""Rows of a text and its label: the text is the question, the label the answer."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.adapters.examples import Example
from crossover.adapters.formats.rows import Row


@dataclass(frozen=True, slots=True)
class Labelled:
    """The format, for one name of the label."""

    label: str
    text: str = "text"
    name: str = "classification"
    optional: frozenset[str] = frozenset({"system"})

    @property
    def keys(self) -> frozenset[str]:
        """The names of text and label."""
        return frozenset({self.text, self.label})

    @property
    def shape(self) -> str:
        """The keys in words."""
        return f"{self.text} and {self.label}"

    @property
    def places(self) -> tuple[str, str]:
        """The fields of question and answer."""
        return self.text, self.label

    def matches(self, row: Row) -> bool:
        """Whether a row has both keys."""
        return self.keys <= row.fields.keys()

    def parse(self, row: Row) -> list[Example]:
        """The one example of a row."""
        question, label = row.text(self.text), row.fields.get(self.label)
        if isinstance(label, int) and not isinstance(label, bool):
            row.warn(self.label, f"the number {label}", "the label's name: the model learns the number", "label-number")
            label = str(label)
        answer = row.require_text(self.label, label)
        return [Example(question, answer, row.optional_text("system"), line=row.line)]


FORMATS = (
    *(Labelled(label) for label in ("label_text", "label", "category", "intent", "class", "sentiment", "topic")),
    *(Labelled(label, "sentence") for label in ("label", "category")),
)
