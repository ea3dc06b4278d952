"""Rows of a question and its answer, under any of the pairs of names that people give them; ``system`` optional."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.adapters.examples import Example
from crossover.adapters.formats.rows import Row


@dataclass(frozen=True, slots=True)
class Pair:
    """The format, for one pair of names."""

    question: str
    answer: str
    name: str = "prompt-completion"
    optional: frozenset[str] = frozenset({"system"})

    @property
    def keys(self) -> frozenset[str]:
        """Both names."""
        return frozenset({self.question, self.answer})

    @property
    def shape(self) -> str:
        """The keys in words."""
        return f"{self.question} and {self.answer}"

    @property
    def places(self) -> tuple[str, str]:
        """The fields of question and answer."""
        return self.question, self.answer

    def matches(self, row: Row) -> bool:
        """Whether a row has both keys."""
        return self.question in row.fields and self.answer in row.fields

    def parse(self, row: Row) -> list[Example]:
        """The one example of a row."""
        question, answer = row.text(self.question), row.text(self.answer)
        return [Example(question, answer, row.optional_text("system"), line=row.line)]


FORMATS = (
    Pair("prompt", "completion"),
    Pair("question", "answer"),
    Pair("prompt", "response"),
    Pair("prompt", "output"),
    Pair("prompt", "answer"),
    Pair("question", "response"),
    Pair("question", "output"),
    Pair("question", "completion"),
    Pair("query", "response"),
    Pair("query", "answer"),
    Pair("input", "output"),
    Pair("prefix", "continuation"),
)
