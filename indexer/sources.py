"""Paths in, files with document ids out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crossover.indexer import readers
from crossover.indexer.document import Document, DocumentRecord, Skipped
from crossover.indexer.errors import DocumentCollision, ReadError


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to index.

    Attributes:
        document_id: the path relative to the folder that was asked for; of a single file its name.
        root: the absolute folder that was asked for; None where the file itself was.
    """

    path: Path
    document_id: str
    root: Path | None


def collect(paths: Iterable[Path]) -> list[SourceFile]:
    """The files under some paths, hidden ones left out, sorted, each once.

    Raises:
        ReadError: a path does not exist, or a folder cannot be listed.
        DocumentCollision: two different files would get the same id.
    """
    found: dict[str, SourceFile] = {}
    for path in paths:
        for file in _under(path):
            other = found.setdefault(file.document_id, file)
            if other is not file and other.path.resolve() != file.path.resolve():
                raise DocumentCollision(
                    f"{other.path} and {file.path} would both be the document {file.document_id!r}; "
                    "index the folder above both, so that their ids differ"
                )
    return sorted(found.values(), key=lambda file: file.document_id)


def readable_files(paths: Iterable[Path], *, strict: bool) -> list[SourceFile]:
    """The files under some paths, after a look at those that must be readable.

    Raises:
        ReadError: a file named itself (with `strict`: any file) cannot be read, or there is none.
        DocumentCollision: two files would get the same id.
    """
    paths = list(paths)
    files = collect(paths)
    if not files:
        raise ReadError(", ".join(map(str, paths)), "no files to index in there")
    for file in files:
        if strict or file.root is None:
            readers.read(file.path, file.document_id)
    return files


def read_all(files: Iterable[SourceFile], skipped: list[Skipped]) -> Iterator[Document]:
    """The documents in some files; those that cannot be read go to `skipped`."""
    for file in files:
        try:
            yield readers.read(file.path, file.document_id, file.root)
        except ReadError as error:
            skipped.append(Skipped(error.path, error.reason))


def stale(files: Iterable[SourceFile], records: Iterable[DocumentRecord]) -> list[str]:
    """The ids of the documents that came from the same folders as these files and have no file any more."""
    present = {file.document_id for file in files}
    roots = {str(file.root) for file in files if file.root}
    return [record.id for record in records if record.metadata.get("root") in roots and record.id not in present]


def _under(path: Path) -> Iterator[SourceFile]:
    if path.is_file():
        yield SourceFile(path, path.name, None)
    elif path.is_dir():
        root = path.resolve()
        for folder, names, files in os.walk(path, onerror=_raise):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in files:
                file = Path(folder, name)
                if not name.startswith(".") and not _is_special(file):
                    yield SourceFile(file, file.relative_to(path).as_posix(), root)
    elif path.exists():
        raise ReadError(path, "neither a file nor a folder")
    else:
        raise ReadError(path, "no such file or folder")


def _is_special(file: Path) -> bool:
    """Whether opening it might block or never end: a pipe, a socket, a device. Broken links are read, and reported."""
    return file.exists() and not file.is_file()


def _raise(error: OSError) -> None:
    raise ReadError(str(error.filename), error.strerror or str(error)) from error
