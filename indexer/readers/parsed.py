"""What a reader makes of a file: the one shape that all formats come out in."""

from __future__ import annotations

from dataclasses import dataclass

PAGE_BREAK = "\f"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document as its format gives it.

    Attributes:
        title: "" where the file names none.
        text: Markdown (of a plain text file, plain text) in reading order: headings with #, code between
            fences, a row of a table one paragraph. A form feed stands between two pages or slides.
        link: the URL that the file names as its own place; "" where it names none.
        key: tells the documents of one file apart; "" where the file is one document.
        kind: the format of the text, where it is not that of the file.
    """

    title: str
    text: str
    link: str = ""
    key: str = ""
    kind: str = ""


def as_paragraph(line: str) -> str:
    """A line of running text that Markdown would take for a heading or a fence, indented so that it is none."""
    return f" {line}" if line.startswith(("#", "```", "~~~")) else line
