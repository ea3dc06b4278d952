"""The nouns of the indexer: what is indexed, what is stored, what is found."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

_CHUNKS = uuid.UUID("6f9b7f0a-58b4-4d6e-9d0f-2c1b6f5a9e31")  # the name space of chunk ids, fixed for ever


@dataclass(frozen=True, slots=True)
class Document:
    """A source file or posted text, under a stable id.

    Attributes:
        language: an ISO 639-1 code; None where it is to be detected.
        text: Markdown, or plain text where the format is "text"; a form feed stands between two pages.
        metadata: free; the indexer reads `format` (of the file), `root` (the folder that it came from), `link` (its
            URL) and `file` (the file's document id, where several documents came from one file).
    """

    id: str
    title: str
    text: str
    source: str = ""
    language: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """Equal for equal title, text and language, wherever the document came from."""
        return digest(self.title, self.text, self.language or "")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document that is embedded as one.

    Attributes:
        id: a UUID that follows from the document's id, its revision and the ordinal.
        ordinal: the place in the document, from 0.
        text: without the headings above it.
        heading: the headings above it, outermost first.
        content_hash: equal for equal text, whatever its layout.
        page: on which it stands, from 1; None where the document has no pages.
    """

    id: str
    document: str
    ordinal: int
    text: str
    heading: tuple[str, ...]
    content_hash: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as search returns it.

    Attributes:
        score: 0 to 1, for this question alone: fused, where 1 is first by every measure, or the reranker's.
        dense: cosine similarity to the question; None where the chunk was not among the nearest.
        sparse: BM25; None where the chunk was not among the best by words.
        page: on which it stands, from 1; None where the document has no pages.
        link: where to open the document: the URL that it names as its own, else its source.
        relevance: the probability that it is about what was asked, comparable between questions; None where
            it was not calibrated for the embedding model and the language.
    """

    document: str
    chunk: str
    title: str
    text: str
    score: float
    source: str
    heading: tuple[str, ...]
    content_hash: str
    dense: float | None = None
    sparse: float | None = None
    page: int | None = None
    link: str = ""
    relevance: float | None = None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What the index knows about one of its documents.

    Attributes:
        version: 1 at first, one more at each change of content.
        indexed_at: UTC, ISO 8601.
        chunks: how many.
        revision: names this content cut and embedded in this way; part of every chunk's id.
        metadata: as given with the document.
    """

    id: str
    title: str
    source: str
    content_hash: str
    version: int
    indexed_at: str
    chunks: int
    language: str
    revision: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How an index stands.

    Attributes:
        version: of the index: one more with each model that it was built with.
        embedding: the model that made the vectors.
        setting: the model that the settings name.
        documents: how many.
        chunks: how many.
        bytes: on this disk; None where the vectors are on a server.
        outdated: ids of documents that would be cut or embedded differently now.
    """

    version: int
    embedding: str
    setting: str
    documents: int
    chunks: int
    bytes: int | None
    outdated: list[str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or document that was left out, and why."""

    path: str
    reason: str


def digest(*parts: str) -> str:
    """16 hexadecimal digits that are equal for equal parts."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]


def chunk_id(document: str, revision: str, ordinal: int) -> str:
    """The UUID of a chunk, the same on every machine."""
    return str(uuid.uuid5(_CHUNKS, f"{document}\0{revision}\0{ordinal}"))


def passage_title(title: str, heading: tuple[str, ...]) -> str:
    """The document's title, and the deepest heading where it says more."""
    return f"{title} - {heading[-1]}" if heading and heading[-1] != title else title
