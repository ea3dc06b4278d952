"""The chunks of files as the index cuts them, without an index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from crossover.indexer.document import Skipped, passage_title
from crossover.indexer.embedding import Embedder
from crossover.indexer.preparation import Preparation
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.sources import collect, read_all


@dataclass(frozen=True, slots=True)
class FileChunk:
    """A chunk with what a reader needs beside it; id and hash are those that the index gives."""

    document: str
    title: str
    text: str
    content_hash: str


def chunks_of(paths: Iterable[Path], settings: IndexerSettings) -> tuple[list[FileChunk], list[Skipped]]:
    """The chunks of files and folders in the order of the documents, and what could not be read.

    Raises:
        ReadError: a path is missing, or the paths are files of which none can be read.
        DocumentCollision: two files would get the same id.
    """
    files = collect(paths)
    skipped: list[Skipped] = []
    preparation = Preparation(Embedder.of(settings), settings.chunk_tokens)
    looked = (preparation.look(document, None) for document in read_all(files, skipped, settings.reading))
    found = [
        FileChunk(each.record.id, passage_title(each.record.title, chunk.heading), chunk.text, chunk.content_hash)
        for each in looked
        for chunk in each.chunks
    ]
    return found, skipped
