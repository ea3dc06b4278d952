"""The index of a running server, asked over HTTP: what the command line uses while a server holds the home."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from crossover.indexer.document import Document, DocumentRecord, IndexStatus, Passage, Skipped
from crossover.indexer.ingestion import IngestionReport, Progress, ReportProgress
from crossover.indexer.sources import SourceFile, read_all, readable_files, stale

_DOCUMENTS, _CHARACTERS = 16, 200_000  # a request at most: the progress bar moves after each
_TIMEOUT = 600.0  # seconds: a server embeds before it answers


class ServedIndex:
    """The documents of the server at `url`. Errors carry the server's own message.

    Raises (every method):
        ValueError: the server calls the request bad.
        LookupError: the server does not know the thing.
        RuntimeError: the server cannot do it now, or does not answer.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, timeout=_TIMEOUT, trust_env=False)

    def ingest_paths(
        self,
        paths: Iterable[Path],
        *,
        prune: bool = False,
        strict: bool = False,
        progress: ReportProgress | None = None,
    ) -> IngestionReport:
        """Files are read here and indexed there; otherwise as :meth:`Index.ingest_paths`."""
        files = readable_files(paths, strict=strict)
        report = self.ingest_files(files, progress)
        if prune:
            report.deleted = self.delete_all(stale(files, self.documents()))
        return report

    def ingest_files(self, files: Sequence[SourceFile], progress: ReportProgress | None = None) -> IngestionReport:
        """Index these files: those that the server has as they are stay here, the others are sent, some at a time."""
        started = time.perf_counter()
        report = IngestionReport()
        listing = self._ask("GET", "/v1/documents")
        known = {record["id"]: record for record in listing["documents"]}
        outdated = set(listing["index"]["outdated"])
        changed = (
            document
            for document in read_all(files, report.skipped)
            if document.id in outdated or not _is_known(document, known.get(document.id), report.unchanged)
        )
        for batch in _batches(changed):
            answer = self._ask("POST", "/v1/documents", json={"documents": [_to_json(document) for document in batch]})
            _merge(report, answer)
            if progress:
                looked_at = len(report.added) + len(report.updated) + len(report.unchanged) + len(report.skipped)
                progress(Progress(looked_at, len(files), report.chunks, batch[-1].id))
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

    def search(self, query: str, k: int = 5) -> list[Passage]:
        """The `k` best passages for a question, best first."""
        found = self._ask("GET", "/v1/search", params={"q": query, "k": k})["passages"]
        names = Passage.__dataclass_fields__
        return [
            Passage(**{name: passage[name] for name in names if name != "heading"}, heading=tuple(passage["heading"]))
            for passage in found
        ]

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
