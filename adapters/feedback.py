"""Feedback: rated and corrected answers, one line each in HOME/feedback/ID.jsonl, one file a server.

A line holds all that is worth knowing of the answer, for the server forgets it and documents change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from crossover.adapters.append_only import append_row, whole_lines
from crossover.adapters.examples import DataWarning
from crossover.adapters.prompt import Message

FOLDER = "feedback"

Rating = Literal["good", "bad"]


class Feedback(BaseModel):
    """What somebody said about one answer, and that answer."""

    at: datetime
    answer_id: str
    choice: int = Field(default=0, description="Which of several answers to one question.")
    rating: Rating | None = None
    correction: str | None = Field(default=None, description="What should have been answered.")
    question: str
    system: str = Field(default="", description="The client's own system message.")
    history: tuple[Message, ...] = ()
    answer: str
    model: str
    strategy: str
    adapter: str | None
    sources: list[dict[str, Any]] = Field(default_factory=list, description="The passages that stood in the prompt.")


@dataclass(frozen=True, slots=True)
class Line:
    """Feedback and where it stands."""

    file: Path
    number: int
    feedback: Feedback

    @property
    def place(self) -> str:
        """The file's name and the line."""
        return f"{self.file.name}:{self.number}"

    def remark(self, found: str, expected: str, code: str) -> DataWarning:
        """A finding about its correction."""
        return DataWarning(str(self.file), self.number, "correction", found, expected, code)


def record(home: Path, server: str, feedback: Feedback) -> None:
    """Appends feedback to the file of a server; when this returns it is on the disk.

    Raises:
        OSError: it cannot be written; nothing of it was.
    """
    append_row(home / FOLDER / f"{server}.jsonl", feedback.model_dump(mode="json"))


def read_feedback(home: Path) -> tuple[list[Line], list[DataWarning]]:
    """All feedback under a home, the oldest first, and the lines that hold none. A line torn by a kill is none."""
    lines: list[Line] = []
    broken: list[DataWarning] = []
    for file in sorted((home / FOLDER).glob("*.jsonl")):
        for number, content in enumerate(whole_lines(file), start=1):
            try:
                lines.append(Line(file, number, Feedback.model_validate_json(content)))
            except ValidationError as error:
                found = f"no feedback ({error.errors()[0]['msg']})"
                broken.append(DataWarning(str(file), number, "row", found, "a line as the server writes it", "broken"))
    return sorted(lines, key=lambda line: line.feedback.at), broken
