"""A model behind an OpenAI-compatible URL: a real HTTP server over the packaged model."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder
from crossover.indexer.embedding.http import estimate_tokens
from crossover.indexer.errors import EmbeddingServerError
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings


@dataclass
class EmbeddingServer:
    """What the server was sent, and what it is to answer next instead of vectors."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)  # statuses of the next answers
    spoil: dict[str, Any] = field(default_factory=dict)

    def texts(self) -> list[str]:
        return [text for body in self.bodies for text in body["input"]]


@pytest.fixture(scope="module")
def running(embedder: Embedder) -> Iterator[EmbeddingServer]:
    listening = socket.create_server(("127.0.0.1", 0))
    state = EmbeddingServer(f"http://127.0.0.1:{listening.getsockname()[1]}/v1")
    app = FastAPI()

    @app.post("/v1/embeddings")
    def embeddings(body: dict[str, Any], request: Request) -> JSONResponse:
        state.bodies.append(body)
        state.keys.append(request.headers["authorization"])
        if state.failures:
            status = state.failures.pop(0)
            return JSONResponse({"error": {"message": f"told to answer {status}"}}, status, {"retry-after-ms": "10"})
        vectors = 3 * embedder.queries(body["input"])  # longer than one, as some servers send them
        data = [{"object": "embedding", "index": n, "embedding": row.tolist()} for n, row in enumerate(vectors)]
        answer = {"object": "list", "model": body["model"], "data": data[::-1], "usage": {}}
        return JSONResponse({**answer, **state.spoil})

    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield state
    server.should_exit = True
    thread.join()


@pytest.fixture
def server(running: EmbeddingServer) -> EmbeddingServer:
    for held in (running.bodies, running.keys, running.failures, running.spoil):
        held.clear()  # type: ignore[attr-defined]
    return running


def embedder_at(url: str, **more: Any) -> Embedder:
    return Embedder.of(IndexerSettings(embedding_url=url, embedding_model="all-MiniLM-L6-v2", **more))


def test_vectors_come_from_the_server_at_unit_length_and_in_order(server: EmbeddingServer, embedder: Embedder) -> None:
    remote = embedder_at(server.url, embedding_api_key="secret")
    texts = [f"Office {n} lies by the river. " * (1 + n % 9) for n in range(70)]
    vectors = remote.documents(texts)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(vectors, embedder.documents(texts), atol=5e-3)
    np.testing.assert_allclose(remote.queries(texts[:3]), vectors[:3], atol=5e-3)
    assert remote.dimension == 384
    assert max(len(body["input"]) for body in server.bodies) == 32
    assert {body["model"] for body in server.bodies} == {"all-MiniLM-L6-v2"}
    assert set(server.keys) == {"Bearer secret"}


def test_questions_and_documents_get_the_prefixes_that_the_settings_name(server: EmbeddingServer) -> None:
    remote = embedder_at(server.url, embedding_query_prefix="query: ", embedding_document_prefix="passage: ")
    remote.query("Who?")
    remote.documents(["Anna."])
    assert server.texts()[0] == "query: Who?"
    assert server.texts()[-1] == "passage: Anna."
    assert remote.name == "all-MiniLM-L6-v2 (passage:)"
    assert remote.max_tokens == 512 - estimate_tokens("passage: ")


def test_a_busy_or_broken_server_is_asked_again(server: EmbeddingServer) -> None:
    server.failures += [429, 503, 500]
    assert embedder_at(server.url).queries(["Who?"]).shape == (1, 384)
    assert len(server.bodies) == 4


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "CROSSOVER_EMBEDDING_MAX_TOKENS"),
        (401, "CROSSOVER_EMBEDDING_API_KEY"),
        (404, "usually ends in /v1"),
    ],
)
def test_a_refusal_is_told_with_its_reason_and_the_setting_to_change(
    server: EmbeddingServer, status: int, remedy: str
) -> None:
    server.failures += [status]
    with pytest.raises(EmbeddingServerError, match=rf"127\.0\.0\.1.*all-MiniLM.*told to answer {status}.*{remedy}"):
        embedder_at(server.url).queries(["Who?"])


def vector(*numbers: float | None) -> dict[str, Any]:
    return {"object": "embedding", "index": 0, "embedding": list(numbers)}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ({"data": [vector(1.0), vector(1.0)]}, "2 vectors for 1 texts"),
        ({"data": [vector(0.0, 0.0)]}, "a vector is zero"),
        ({"data": None}, "holds no vectors"),
        ({"data": [vector(None, 1.0)]}, "a vector is zero or holds numbers that are none"),
    ],
)
def test_an_answer_that_is_no_vectors_is_refused(server: EmbeddingServer, spoil: dict[str, Any], reason: str) -> None:
    server.spoil.update(spoil)
    with pytest.raises(EmbeddingServerError, match=reason):
        embedder_at(server.url).queries(["Who?"])


def test_a_server_that_changes_the_length_of_its_vectors_is_refused(server: EmbeddingServer) -> None:
    remote = embedder_at(server.url)
    remote.queries(["Who?"])
    server.spoil["data"] = [vector(1.0, 2.0)]
    with pytest.raises(EmbeddingServerError, match="2 numbers after those of 384"):
        remote.queries(["Who?"])


def test_a_server_that_is_not_there_is_named_with_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossover.indexer.embedding.http._RETRIES", 0)
    with pytest.raises(EmbeddingServerError, match=r"http://127\.0\.0\.1:9/v1.*CROSSOVER_EMBEDDING_URL"):
        embedder_at("http://127.0.0.1:9/v1").queries(["Who?"])


def test_a_url_needs_the_name_of_a_model() -> None:
    with pytest.raises(ValueError, match="CROSSOVER_EMBEDDING_MODEL"):
        IndexerSettings(embedding_url="http://127.0.0.1:9/v1")


def test_an_index_is_built_and_searched_through_the_server(server: EmbeddingServer, settings: IndexerSettings) -> None:
    through = settings.model_copy(update={"embedding_url": server.url, "embedding_model": "all-MiniLM-L6-v2"})
    with Index.open(through, warm=False) as index:
        report = index.add(
            [Document("a", "Velmora", "Anna Tovan runs the office."), Document("b", "Sorrin", "It lies in Harrow.")]
        )
        assert report.chunks == 2
        assert index.search("Who runs Velmora?")[0].document == "a"
    assert any("Anna Tovan" in text for text in server.texts())


def test_a_run_that_the_server_fails_keeps_what_was_indexed_before(
    server: EmbeddingServer, settings: IndexerSettings
) -> None:
    through = settings.model_copy(update={"embedding_url": server.url, "embedding_model": "all-MiniLM-L6-v2"})
    with Index.open(through, warm=False) as index:
        index.add([Document("a", "Velmora", "Anna Tovan runs the office.")])
        server.failures += [401]
        with pytest.raises(EmbeddingServerError):
            index.add([Document("b", "Sorrin", "It lies in Harrow.")])
        assert [record.id for record in index.documents()] == ["a"]
        assert index.add([Document("b", "Sorrin", "It lies in Harrow.")]).added == ["b"]


@pytest.mark.parametrize(
    "text", ["The office by the river opens at nine.", "Офис открывается в девять.", "办公室九点开门。"]
)
def test_tokens_are_estimated_rather_too_many_than_too_few(embedder: Embedder, text: str) -> None:
    exact = embedder.count_tokens(text)
    assert exact <= estimate_tokens(text) <= 3 * exact
