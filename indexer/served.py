"""The index of a running server, asked over HTTP: what the command line uses while a server holds the home."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from crossover.indexer.document import Document, DocumentRecord, IndexStatus, Passage, Skipped
from crossover.indexer.filters import DocumentFilter
from crossover.indexer.ingestion import IngestionReport, Progress, ReportProgress
from crossover.indexer.readers import Reading
from crossover.indexer.retriever import Trace
from crossover.indexer.sources import SourceFile, collect, gone, read_all

_DOCUMENTS, _CHARACTERS = 16, 200_000  # a request at most: the progress bar moves after each
_TRACE = TypeAdapter(Trace)
_TIMEOUT = 600.0  # seconds: a server embeds before it answers


class ServedIndex:
    """The documents of the server at `url`. Errors carry the server's own message.

    Raises (every method):
        ValueError: the server calls the request bad.
        LookupError: the server does not know the thing.
        RuntimeError: the server cannot do it now, or does not answer.
    """

    def __init__(self, url: str, reading: Reading | None = None) -> None:
        self.url = url.rstrip("/")
        self._reading = reading or Reading()
        self._client = httpx.Client(base_url=self.url, timeout=_TIMEOUT, trust_env=False)

    def ingest_paths(
        self,
        paths: Iterable[Path],
        *,
        prune: bool = False,
        progress: ReportProgress | None = None,
    ) -> IngestionReport:
        """Files are read here and indexed there; otherwise as :meth:`Index.ingest_paths`."""
        files = collect(paths)
        return self.ingest_files(files, pruned=files if prune else None, progress=progress)

    def ingest_files(
        self,
        files: Sequence[SourceFile],
        *,
        pruned: Sequence[SourceFile] | None = None,
        progress: ReportProgress | None = None,
    ) -> IngestionReport:
        """Index these files: those that the server has as they are stay here, the others are sent, some at a time."""
        started = time.perf_counter()
        report, unread = IngestionReport(), list[Skipped]()
        listing = self._ask("GET", "/v1/documents")
        known = {record["id"]: record for record in listing["documents"]}
        outdated = set(listing["index"]["outdated"])
        changed = (
            document
            for document in read_all(files, unread, self._reading)
            if document.id in outdated or not _is_known(document, known.get(document.id), report.unchanged)
        )
        for batch in _batches(changed):
            answer = self._ask("POST", "/v1/documents", json={"documents": [_to_json(document) for document in batch]})
            _merge(report, answer)
            if progress:
                looked_at = len(report.indexed) + len(report.skipped) + len(unread)
                progress(Progress(looked_at, len(files), report.chunks, batch[-1].id))
        if pruned:
            records = [DocumentRecord(**record) for record in listing["documents"]]
            report.deleted = self.delete_all(gone(pruned, files, records, report.indexed, unread))
        report.skipped[:0] = unread
        report.seconds = time.perf_counter() - started
        return report

    def documents(self) -> list[DocumentRecord]:
        """What the server's index holds, sorted by id."""
        return [DocumentRecord(**record) for record in self._ask("GET", "/v1/documents")["documents"]]

    def status(self) -> IndexStatus:
        """How the server's index stands."""
        return IndexStatus(**self._ask("GET", "/v1/documents")["index"])

    def rebuild(self, progress: ReportProgress | None = None) -> bool:
        """Nothing: a server builds its index anew by itself when it starts with another embedding model."""
        return False

    def delete(self, document_id: str) -> bool:
        """Delete a document with all its chunks; False where there is none of that id."""
        return bool(self.delete_all([document_id]))

    def delete_all(self, ids: Iterable[str]) -> list[str]:
        """Delete documents with all their chunks; the ids of those that there were."""
        gone = []
        for id_ in ids:
            try:
                self._ask("DELETE", f"/v1/documents/{quote(id_, safe='/')}")
            except LookupError:
                continue
            gone.append(id_)
        return gone

    def search(self, query: str, k: int = 5, only: DocumentFilter | None = None) -> list[Passage]:
        """The `k` best passages for a question, best first."""
        return self.explain(query, k, only).passages

    def explain(self, query: str, k: int = 5, only: DocumentFilter | None = None) -> Trace:
        """The same search with how it came about."""
        asked: dict[str, Any] = {"q": query, "k": k, "explain": True}
        if only:
            asked |= {"source": list(only.sources), "where": [f"{key}={value}" for key, value in only.where.items()]}
        return _TRACE.validate_python(self._ask("GET", "/v1/search", params=asked)["trace"])

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> ServedIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        try:
            response = self._client.request(method, path, **content)
        except httpx.HTTPError as error:
            raise RuntimeError(f"the server at {self.url} does not answer ({error}); is it still running?") from error
        if response.is_success:
            return response.json()
        message = _message(response)
        if response.status_code == 404:
            raise LookupError(message)
        raise ValueError(message) if response.status_code < 500 else RuntimeError(message)


def _is_known(document: Document, record: dict[str, Any] | None, unchanged: list[str]) -> bool:
    """Whether the server has a document with the same content, source and metadata; then it is noted as unchanged."""
    if record is None or document.content_hash != record["content_hash"]:
        return False
    if (document.source, dict(document.metadata)) != (record["source"], record["metadata"]):
        return False
    unchanged.append(document.id)
    return True


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _DOCUMENTS or sum(len(each.text) for each in batch) > _CHARACTERS:
            yield batch
            batch = []
    if batch:
        yield batch


def _to_json(document: Document) -> dict[str, object]:
    return {**asdict(document), "metadata": dict(document.metadata)}


def _merge(report: IngestionReport, answer: dict[str, Any]) -> None:
    report.added += answer["added"]
    report.updated += answer["updated"]
    report.unchanged += answer["unchanged"]
    report.skipped += [Skipped(**each) for each in answer["skipped"]]
    report.warnings += [each for each in answer["warnings"] if each not in report.warnings]
    report.chunks += answer["chunks"]


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"{response.request.method} {response.request.url}: status {response.status_code}"
