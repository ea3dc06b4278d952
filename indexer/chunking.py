"""Documents in, chunks out: along the headings, whole blocks together, never above the token budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from crossover.indexer.document import Chunk, Document, chunk_id, digest
from crossover.indexer.readers.markdown import blocks, plain_heading
from crossover.indexer.readers.parsed import PAGE_BREAK

if TYPE_CHECKING:
    from llama_index.core.node_parser import MarkdownNodeParser, SentenceSplitter

VERSION = 1  # raise it when chunks come out differently: every document is then cut and embedded again
_SEPARATOR = "\x1f"  # between the headings of a path; a slash would split "and/or"
_HEADING = re.compile(r"#+\s(.*)")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_PAGE = "\x02"  # a page break while a text is cut; no white space, and no word to any tokenizer
_PAGED = ("pdf", "pptx")  # formats that have pages, and be it one
_LONG = 50_000  # characters that are counted or split at once: time and memory stay in proportion to the text
_HEADING_SHARE = 3  # the headings in front of a chunk take at most one third of its budget


class Chunker:
    """Cuts documents into chunks whose embedded text has at most `budget` tokens.

    Args:
        budget: tokens, the headings in front included, the model's own special tokens not.
        count: the number of tokens of a text under the embedding model.
    """

    def __init__(self, budget: int, count: Callable[[str], int]) -> None:
        self.budget = budget
        self._count = count

    def chunk(self, document: Document, revision: str) -> list[Chunk]:
        """The chunks of a document in order; a document of headings alone is one chunk."""
        pieces = list(_paged(self._pieces(document)))
        if not pieces:  # headings alone
            pieces = list(_paged(((), text) for text in self._pack(_marked(document), self._room(document, ()))))
        has_pages = PAGE_BREAK in document.text or document.metadata.get("format") in _PAGED
        return [
            Chunk(
                id=chunk_id(document.id, revision, ordinal),
                document=document.id,
                ordinal=ordinal,
                text=text,
                heading=heading,
                content_hash=digest(" ".join(text.split())),
                page=page if has_pages else None,
            )
            for ordinal, (heading, text, page) in enumerate(pieces)
        ]

    def embedded_text(self, title: str, chunk: Chunk) -> str:
        """What the vectors of a chunk are made of: the title and the headings above it, then its text."""
        return f"{self._prefix(title, chunk.heading)}\n{chunk.text}"

    def _pieces(self, document: Document) -> Iterator[tuple[tuple[str, ...], str]]:
        for heading, body in self._sections(document):
            for text in self._pack(body, self._room(document, heading)):
                yield heading, text

    def _prefix(self, title: str, heading: tuple[str, ...]) -> str:
        path = [title, *heading] if title not in heading else list(heading)
        limit = self.budget // _HEADING_SHARE
        while len(path) > 1 and self._count(" > ".join(path)) > limit:
            del path[0]  # the deepest heading says most about the chunk
        prefix = " > ".join(path)
        if self._count(prefix) <= limit:
            return prefix
        low, high = 0, len(prefix)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._count(prefix[:middle]) <= limit else (low, middle - 1)
        return prefix[:low]

    def _room(self, document: Document, heading: tuple[str, ...]) -> int:
        return self.budget - self._count(f"{self._prefix(document.title, heading)}\n")

    def _sections(self, document: Document) -> Iterator[tuple[tuple[str, ...], str]]:
        """The headings above each section, and the section without its own heading line."""
        if document.metadata.get("format") == "text":
            yield (), _marked(document)
            return
        from llama_index.core.schema import Document as LlamaDocument

        for node in self._markdown.get_nodes_from_node(LlamaDocument(text=_marked(document))):
            above = [part for part in node.metadata["header_path"].split(_SEPARATOR) if part]
            first, _, rest = node.text.partition("\n")
            own = _HEADING.match(first)
            heading = (*above, own.group(1)) if own else tuple(above)
            yield tuple(plain_heading(part) for part in heading), rest if own else node.text

    def _pack(self, body: str, room: int) -> Iterator[str]:
        """Neighbouring blocks of a page together while they fit into `room` tokens; a page break alone."""
        held: list[str] = []
        used = 0
        for block in self._blocks(body, room):
            tokens = self._count(f"{block}\n\n")
            if held and (used + tokens > room or _PAGE in (block, held[0])):
                yield "\n\n".join(held)
                held, used = [], 0
            held.append(block)
            used += tokens
        if held:
            yield "\n\n".join(held)

    def _blocks(self, body: str, room: int) -> Iterator[str]:
        """Paragraphs and code blocks, each within `room` tokens."""
        for block, is_code in blocks(body):
            for part in [block.strip("\n")] if is_code else _BLANK_LINES.split(block):
                part = part.strip("\n").rstrip()
                if not part.strip():
                    continue
                if len(part) <= _LONG and self._count(part) <= room:
                    yield part
                elif is_code:
                    yield from self._split_code(part, room)
                else:
                    yield from self._split_prose(part, room)

    def _split_code(self, code: str, room: int) -> Iterator[str]:
        """A code block too long for one chunk, by lines, each piece fenced again."""
        opening, *lines = code.split("\n")
        fence = re.match(r"[ \t]*(`{3,}|~{3,})", opening)
        closing = fence.group(1) if fence else "```"
        if lines and lines[-1].strip() == closing:
            lines.pop()
        inside = room - self._count(f"{opening}\n") - self._count(closing)
        held: list[str] = []
        used = 0
        for line in (piece for long in lines for piece in self._fitting(long, inside)):
            tokens = self._count(f"{line}\n")
            if held and used + tokens > inside:
                yield "\n".join([opening, *held, closing])
                held, used = [], 0
            held.append(line)
            used += tokens
        if held:
            yield "\n".join([opening, *held, closing])

    def _fitting(self, line: str, room: int) -> list[str]:
        fits = len(line) <= _LONG and self._count(line) <= room
        return [line] if fits else list(self._split_prose(line, room))

    def _split_prose(self, text: str, room: int) -> Iterator[str]:
        splitter = self._splitter(max(room, 1))
        for start, end in _spans(text):
            for piece in splitter.split_text(text[start:end]):
                yield from [piece] if self._count(piece) <= room else self._halves(piece, room)

    def _halves(self, text: str, room: int) -> Iterator[str]:
        """The last resort for a text without any place to split, such as one very long word."""
        if self._count(text) <= room or len(text) < 2:
            yield text
            return
        middle = len(text) // 2
        yield from self._halves(text[:middle], room)
        yield from self._halves(text[middle:], room)

    @cached_property
    def _markdown(self) -> MarkdownNodeParser:
        from llama_index.core.node_parser import MarkdownNodeParser

        return MarkdownNodeParser(header_path_separator=_SEPARATOR)

    def _splitter(self, room: int) -> SentenceSplitter:
        from llama_index.core.node_parser import SentenceSplitter

        return SentenceSplitter(chunk_size=room, chunk_overlap=0, tokenizer=lambda text: [0] * self._count(text))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where to cut a text of any length so that no part is longer than what is split at once; between words."""
    start = 0
    while len(text) - start > _LONG:
        space = max(text.rfind(" ", start, start + _LONG), text.rfind("\n", start, start + _LONG))
        end = space if space > start else start + _LONG
        yield start, end
        start = end
    yield start, len(text)


def _marked(document: Document) -> str:
    """The text with each page break as a paragraph of its own that survives the stripping of white space."""
    if PAGE_BREAK not in document.text:
        return document.text
    return document.text.replace(_PAGE, "").replace(PAGE_BREAK, f"\n\n{_PAGE}\n\n")


def _paged(pieces: Iterable[tuple[tuple[str, ...], str]]) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """The pieces that are no page break, each with its page."""
    page = 1
    for heading, text in pieces:
        if text == _PAGE:
            page += 1
        else:
            yield heading, text, page
