"""The command line's client against real HTTP: the routes that a server has, over a real index."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from crossover.indexer.document import Document
from crossover.indexer.errors import ReadError
from crossover.indexer.filters import parse_filter
from crossover.indexer.index import Index
from crossover.indexer.served import ServedIndex
from crossover.indexer.settings import IndexerSettings


@pytest.fixture
def posted() -> list[list[str]]:
    """The documents in each request that the server got."""
    return []


@pytest.fixture
def served(settings: IndexerSettings, posted: list[list[str]]) -> Iterator[ServedIndex]:
    with Index.open(settings, warm=False) as index:

        class Handler(BaseHTTPRequestHandler):
            def answer(self, status: int, content: object) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                posted.append([document["id"] for document in body["documents"]])
                self.answer(200, asdict(index.add([Document(**document) for document in body["documents"]])))

            def do_DELETE(self) -> None:
                found = index.delete(unquote(self.path.removeprefix("/v1/documents/")))
                self.answer(200 if found else 404, {} if found else {"error": {"message": "no such document"}})

            def do_GET(self) -> None:
                if self.path == "/v1/documents":
                    records = [asdict(record) for record in index.documents()]
                    self.answer(200, {"documents": records, "index": asdict(index.status())})
                    return
                query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
                try:
                    only = parse_filter(query.get("source", []), query.get("where", []))
                    trace = index.explain(query["q"][0], int(query["k"][0]), only)
                except ValueError as error:
                    self.answer(400, {"error": {"message": str(error)}})
                    return
                self.answer(200, {"trace": asdict(trace)})

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with ServedIndex(f"http://127.0.0.1:{server.server_port}/") as client:
            yield client
        server.shutdown()
        thread.join()
        server.server_close()


def test_files_are_indexed_searched_pruned_and_deleted_through_a_server(served: ServedIndex, folder: Path) -> None:
    told: list[int] = []
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7")
    report = served.ingest_paths([folder], progress=lambda progress: told.append(progress.documents))
    assert (len(report.added), report.chunks, len(report.skipped), told) == (4, 6, 1, [5])
    assert served.ingest_paths([folder]).chunks == 0
    best = served.search("Who runs the Velmora office?", k=2)[0]
    assert (best.document, best.heading) == ("velmora.md", ("Velmora", "Staff"))
    (folder / "rules" / "travel.md").unlink()
    assert served.ingest_paths([folder], prune=True).deleted == ["rules/travel.md"]
    assert [record.id for record in served.documents()] == ["notes.txt", "sorrin.md", "velmora.md"]
    assert served.delete("sorrin.md")
    assert not served.delete("sorrin.md")


def test_only_what_is_new_or_changed_is_sent_some_documents_at_a_time(
    served: ServedIndex, folder: Path, posted: list[list[str]]
) -> None:
    for n in range(20):
        (folder / f"page{n:02}.md").write_text(f"# Page {n}\n\nThis is page {n}.\n")
    done: list[int] = []
    served.ingest_paths([folder], progress=lambda progress: done.append(progress.documents))
    assert ([len(ids) for ids in posted], done) == ([16, 8], [16, 24])
    del posted[:]
    (folder / "page07.md").write_text("# Page 7\n\nThis is another page.\n")
    report = served.ingest_paths([folder])
    assert (posted, report.updated, len(report.unchanged)) == ([["page07.md"]], ["page07.md"], 23)
    moved = folder.rename(folder.parent / "elsewhere")
    assert len(served.ingest_paths([moved]).unchanged) == 24
    assert {record.source.split("/")[-2] for record in served.documents() if record.id == "notes.txt"} == {"elsewhere"}
    status = served.status()
    assert (status.version, status.documents, status.outdated) == (1, 24, [])
    assert served.delete_all(["absent.md", "notes.txt"]) == ["notes.txt"]


def test_errors_carry_the_servers_message(served: ServedIndex, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the question is empty"):
        served.search(" ")
    with pytest.raises(ReadError, match="no such file"):
        served.ingest_paths([tmp_path / "absent"])
    with pytest.raises(RuntimeError, match="does not answer"):
        ServedIndex("http://127.0.0.1:9").search("x")
