"""Rows of ``text`` alone: recognised, and told what is missing before they can be learnt from."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.adapters.examples import Example
from crossover.adapters.formats.rows import Row


@dataclass(frozen=True, slots=True)
class Text:
    """The format."""

    name: str = "text"
    shape: str = "text"
    keys: frozenset[str] = frozenset({"text"})
    optional: frozenset[str] = frozenset()
    places: tuple[str, str] = ("text", "text")

    def matches(self, row: Row) -> bool:
        """Whether a row has the key of this format."""
        return "text" in row.fields

    def parse(self, row: Row) -> list[Example]:
        """Never an example: nothing says where the question ends and the answer begins."""
        row.text("text")
        expected = "a question and its answer: --template FILE.jinja says where one ends and the other begins"
        raise row.refuse("text", "running text", expected, "no-answer")


FORMATS = (Text(),)
