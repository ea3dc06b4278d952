"""PowerPoint presentations as Markdown, a slide a page: its title as heading, texts, tables and the speaker's notes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from crossover.indexer.readers import table
from crossover.indexer.readers.parsed import PAGE_BREAK, Parsed, as_paragraph


def parse(raw: bytes) -> Parsed:
    """The title is that of the document's properties, else the first slide's.

    Raises:
        KeyError, ValueError, AttributeError, pptx.exc.PythonPptxError, lxml.etree.XMLSyntaxError: damaged.
    """
    from pptx import Presentation

    presentation = Presentation(io.BytesIO(raw))
    titles = [_title(slide) for slide in presentation.slides]
    named = " ".join((presentation.core_properties.title or "").split())
    if named.lower() in ("", "powerpoint presentation"):  # what PowerPoint writes by itself
        named = next(filter(None, titles), "")
    slides = (_slide(slide, title) for slide, title in zip(presentation.slides, titles, strict=True))
    return Parsed(named, f"\n\n{PAGE_BREAK}\n\n".join(slides))


def _title(slide: Any) -> str:
    shape = slide.shapes.title
    return " ".join(shape.text_frame.text.split()) if shape is not None else ""


def _slide(slide: Any, title: str) -> str:
    parts = [f"## {title}"] if title else []
    own = slide.shapes.title
    parts += [
        part
        for shape in _shapes(slide.shapes)
        if own is None or shape.shape_id != own.shape_id
        for part in _texts(shape)
    ]
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        parts += [f"Notes: {notes}"] if notes else []
    return "\n\n".join(parts)


def _shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    """All shapes, those in groups too, as they stand on the slide: from top to bottom, then left to right."""
    for shape in sorted(shapes, key=lambda each: (each.top or 0, each.left or 0)):
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _texts(shape: Any) -> Iterator[str]:
    if getattr(shape, "has_table", False):
        yield table.to_text([[cell.text for cell in row.cells] for row in shape.table.rows])
    elif shape.has_text_frame:
        lines = [paragraph.text.replace("\v", " ").strip() for paragraph in shape.text_frame.paragraphs]
        text = "\n".join(as_paragraph(line) for line in lines if line)
        if text:
            yield text
