"""PDFs as Markdown, page by page, with headings from the outline or the size of the letters.

PDFium (pypdfium2) rather than pypdf or pdfplumber: on the eight real files they were compared on it
read as many words as pypdf (pdfplumber glued up to half of them together), rejoined hyphenated words,
took a third of the time or less, and refuses the file whose password is missing. Rows of tables come
as lines of text: pdfplumber's table finder got the columns of none of the real tables right. PyMuPDF's
licence (AGPL) rules it out.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from crossover.indexer.errors import ReadError
from crossover.indexer.readers.parsed import PAGE_BREAK, Parsed, as_paragraph

_PDFIUM = threading.Lock()  # the library is for one thread at a time
_SECONDS = 120.0  # of reading one file: some 20,000 pages
_UNPACKED = 256 << 20  # bytes of one stream: a scanned page in full colour has about 100 MiB
_RATIO = 1032  # deflate cannot pack better than this
_STREAM = re.compile(rb"stream\r?\n")
_ENTRIES = 5000  # of an outline
_LARGER = 1.12  # times the size of the running text: a heading
_GAP = 1.7  # times the size of the letters between two lines: a new paragraph
_LONGEST = 120  # characters of a heading
_SECTION = re.compile(r"(?i)[\dIVX]+[. ]|(?:table of )?contents$|abstract$|introduction$|summary$")
_NO_TITLE = re.compile(r"(?i)untitled|microsoft \w+ - |.*\.\w{2,4}$|\W*$")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page.

    Attributes:
        size: of its first letter, in points.
        bottom: points above the foot of the page.
    """

    text: str
    size: float
    bottom: float


def looks_like(raw: bytes) -> bool:
    """Whether bytes are a PDF; some programs write a few lines in front."""
    return b"%PDF-" in raw[:1024]


def parse(raw: bytes, path: Path) -> Parsed:
    """The title is that of the document's properties, else the largest line of the first page.

    Raises:
        ReadError: damaged, encrypted, without text on any page, or made to exhaust its reader.
    """
    import pypdfium2

    _require_modest_streams(raw, path)
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(raw)
        except pypdfium2.PdfiumError as error:
            locked = "password" in str(error).lower()
            reason = "a PDF with a password; save it without" if locked else "a PDF that is damaged or cut off"
            raise ReadError(path, reason) from error
        try:
            pages = _pages(document, path)
            outline = _outline(document)
            title = " ".join(document.get_metadata_value("Title").split())
        finally:
            document.close()
    lines = [line for page in pages for line in page]
    if not any(re.search(r"\w", line.text) for line in lines):
        raise ReadError(path, f"a PDF of {len(pages)} pages without text, a scan perhaps; run it through OCR first")
    running = _running_size(lines)
    levels = _levels(lines, outline, running)
    if _NO_TITLE.match(title):
        title = _title_of(next(page for page in pages if page), running)
    return Parsed(title, f"\n\n{PAGE_BREAK}\n\n".join(_text(page, levels) for page in pages))


def _require_modest_streams(raw: bytes, path: Path) -> None:
    """Refuse a stream that unpacks to more than memory is for; PDFium would take 2 GiB before it gives up."""
    for found in _STREAM.finditer(raw):
        start = found.end()
        end = raw.find(b"endstream", start)
        if (end - start) * _RATIO < _UNPACKED:
            continue
        unpacked, inflate = 0, zlib.decompressobj()
        packed = raw[start:end]
        try:
            while packed and unpacked <= _UNPACKED:
                unpacked += len(inflate.decompress(packed, 1 << 24))
                packed = inflate.unconsumed_tail
        except zlib.error:  # not deflated, or damaged: no larger than it is
            continue
        if unpacked > _UNPACKED:
            raise ReadError(path, f"a PDF with a stream of more than {_UNPACKED >> 20} MiB when unpacked")


def _pages(document: Any, path: Path) -> list[list[_Line]]:
    import pypdfium2

    deadline = time.monotonic() + _SECONDS
    pages: list[list[_Line]] = []
    for n in range(len(document)):
        if time.monotonic() > deadline:
            raise ReadError(path, f"page {n + 1} of {len(document)} was not reached in {_SECONDS:.0f} s; split the PDF")
        try:
            page = document[n]
        except pypdfium2.PdfiumError:  # a page that is damaged leaves the others readable
            pages.append([])
            continue
        letters = page.get_textpage()
        pages.append(_in_reading_order(list(_lines(letters))))
        letters.close()
        page.close()
    return pages


def _lines(letters: Any) -> Iterator[_Line]:
    from pypdfium2 import raw

    at = 0
    for line in letters.get_text_range(errors="replace").split("\r\n"):
        words = line.replace("\ufffe", "").replace("\0", "").strip()  # U+FFFE: a hyphen at the end of a line
        if words:
            first = at + len(line) - len(line.lstrip())
            yield _Line(words, raw.FPDFText_GetFontSize(letters, first), letters.get_charbox(first)[1])
        at += len(line) + 2


def _in_reading_order(lines: list[_Line]) -> list[_Line]:
    """From top to bottom where no two lines stand beside each other; columns stay in the order of the file."""
    downwards = sorted(lines, key=lambda line: -line.bottom)
    beside = sum(above.bottom - below.bottom < below.size / 3 for above, below in pairwise(downwards))
    return downwards if beside <= len(lines) / 20 else lines


def _outline(document: Any) -> dict[str, int]:
    """The depth of each entry of the outline, from 1, by its words."""
    return {_words(entry.get_title()): entry.level + 1 for entry in islice(document.get_toc(), _ENTRIES)}


def _running_size(lines: list[_Line]) -> float:
    """The size of most letters."""
    letters: Counter[float] = Counter()
    for line in lines:
        letters[round(line.size, 1)] += len(line.text)
    return letters.most_common(1)[0][0]


def _levels(lines: list[_Line], outline: dict[str, int], running: float) -> Callable[[_Line], int]:
    """How deep a heading a line is, 0 for running text."""
    if 2 * len({words for line in lines if (words := _words(line.text)) in outline}) > len(outline):
        return lambda line: outline.get(_words(line.text), 0)
    large = [line for line in lines if _may_be_heading(line, running)]
    if 4 * len(large) > len(lines):  # sizes that say nothing, as in a form or after OCR
        return lambda line: 0
    ranks = {size: rank for rank, size in enumerate(sorted({round(line.size) for line in large}, reverse=True), 1)}
    return lambda line: min(ranks[round(line.size)], 6) if _may_be_heading(line, running) else 0


def _may_be_heading(line: _Line, running: float) -> bool:
    return line.size > _LARGER * running and len(line.text) <= _LONGEST and bool(re.search(r"[^\W\d_]{2}", line.text))


def _text(lines: list[_Line], level_of: Callable[[_Line], int]) -> str:
    """A page as Markdown: lines of a paragraph together, a heading of several lines in one."""
    parts: list[str] = []
    before: _Line | None = None
    depth = 0
    for line in lines:
        level = level_of(line)
        apart = before is None or abs(before.bottom - line.bottom) > _GAP * max(line.size, before.size)
        if level and level == depth and not apart:
            parts[-1] += f" {line.text}"
        elif level:
            parts.append(f"{'#' * level} {line.text}")
        elif depth or apart:
            parts.append(as_paragraph(line.text))
        else:
            parts[-1] += f"\n{as_paragraph(line.text)}"
        before, depth = line, level
    return "\n\n".join(parts)


def _title_of(lines: list[_Line], running: float) -> str:
    """The largest line in the upper half of a page; "" where that is running text or a section's heading."""
    size = max(line.size for line in lines)
    largest = [line for line in lines[: max(1, len(lines) // 2)] if line.size == size]
    title = " ".join(line.text for line in largest if _may_be_heading(line, running))
    return "" if len(title) > _LONGEST or _SECTION.match(title) else title


def _words(heading: str) -> str:
    """A heading without its number, case and spaces."""
    return re.sub(r"[\W_]+", "", re.sub(r"^[\dIVX.]+\s+", "", heading)).casefold()
