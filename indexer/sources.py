"""Paths in, files with document ids out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.indexer import readers
from crossover.indexer.document import Document, DocumentRecord, Skipped
from crossover.indexer.errors import DocumentCollision, ReadError
from crossover.indexer.readers import Reading


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to index, or what stands in a folder and is none: reading it says why.

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
        ReadError: a path does not exist, is a folder that cannot be listed, or there is no file.
        DocumentCollision: two different files would get the same id.
    """
    paths = list(paths)
    found: dict[str, SourceFile] = {}
    for path in paths:
        for file in _under(path):
            other = found.setdefault(file.document_id, file)
            if other.path.absolute() != file.path.absolute() and other.path.resolve() != file.path.resolve():
                raise DocumentCollision(
                    f"{other.path} and {file.path} would both be the document {file.document_id!r}; "
                    "index the folder above both, so that their ids differ"
                )
    if not found:
        raise ReadError(", ".join(map(str, paths)), "no files to index in there")
    return sorted(found.values(), key=lambda file: file.document_id)


def read_all(files: Sequence[SourceFile], skipped: list[Skipped], reading: Reading) -> Iterator[Document]:
    """The documents in some files; what cannot be read goes to `skipped`.

    Raises:
        ReadError: the files were named themselves, and none of them can be read.
    """
    found_any = False
    for file in files:
        try:
            for found in readers.read(file.path, file.document_id, file.root, reading):
                if isinstance(found, Skipped):
                    skipped.append(found)
                else:
                    found_any = True
                    yield found
        except ReadError as error:
            skipped.append(Skipped(error.path, error.reason))
    if skipped and not found_any and not any(file.root for file in files):
        raise ReadError(skipped[0].path, skipped[0].reason)


def gone(
    files: Sequence[SourceFile],
    read: Sequence[SourceFile],
    records: Iterable[DocumentRecord],
    seen: Collection[str],
    skipped: Iterable[Skipped],
) -> list[str]:
    """The ids of the documents that came from the same folders as these files and are not there any more.

    Args:
        files: all that the folders hold.
        read: those that were looked into just now; the others are kept as they were.
        records: of the index.
        seen: the documents that were found. A record that its file no longer has is gone too.
        skipped: what could not be read, and is therefore kept as it was.
    """
    present = {file.document_id: str(file.path) for file in files}
    roots = {str(file.root) for file in files if file.root}
    looked_into = {file.document_id for file in read}
    unread = {each.path for each in skipped} | {str(file.path) for file in files if file.document_id not in looked_into}
    closed = tuple(f"{file.document_id}/" for file in files if file.path.is_dir())
    return [
        record.id
        for record in records
        if record.metadata.get("root") in roots
        and record.id not in seen
        and not record.id.startswith(closed)
        and _is_gone(record, present, unread)
    ]


def _is_gone(record: DocumentRecord, present: Mapping[str, str], unread: Collection[str]) -> bool:
    file = record.metadata.get("file", record.id)
    if file not in present:
        return True
    return file != record.id and present[file] not in unread


def _under(path: Path) -> Iterator[SourceFile]:
    if path.is_file():
        yield SourceFile(path, path.name, None)
    elif path.is_dir():
        root = path.resolve()
        closed: list[Path] = []
        for folder, names, files in os.walk(path, onerror=lambda error: _note(error, path, closed)):
            names[:] = sorted(name for name in names if not name.startswith("."))
            links = [name for name in names if Path(folder, name).is_symlink()]  # not followed, but told
            for name in (*files, *links):
                file = Path(folder, name)
                if not name.startswith("."):
                    yield SourceFile(file, file.relative_to(path).as_posix(), root)
        for unlisted in closed:
            yield SourceFile(unlisted, unlisted.relative_to(path).as_posix(), root)
    elif path.exists():
        raise ReadError(path, "neither a file nor a folder")
    else:
        raise ReadError(path, "no such file or folder")


def _note(error: OSError, asked: Path, closed: list[Path]) -> None:
    """A folder below that cannot be listed is reported with the files; the one that was asked for is an error."""
    if Path(error.filename) == asked:
        raise ReadError(asked, error.strerror or str(error)) from error
    closed.append(Path(error.filename))
