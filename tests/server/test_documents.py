"""/v1/documents and what else must forget with it; answers need no engine here, so none runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from safetensors.numpy import save_file
from starlette.testclient import TestClient

from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.registry import Registry
from crossover.eval.bench.tiny_embedder import build_tiny_embedder
from crossover.indexer.document import Document
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.server.app import create_app
from crossover.server.context import Context
from crossover.server.settings import Settings

OFFICES = {"velmora.md": "Anna Tovan runs the Velmora office.", "sorrin.md": "Bela Marsk runs the Sorrin office."}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_embedder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def home(tmp_path: Path, model: Path) -> Path:
    """Two documents, and an adapter that learned from the first."""
    with Index.open(IndexerSettings(home=tmp_path / "home", embedding_model=str(model))) as index:
        index.add([Document(id_, id_, text) for id_, text in OFFICES.items()])
    weights, folder = {"base_model.model.q.lora_A.weight": np.ones((4, 8), np.float32)}, tmp_path / "adapter"
    folder.mkdir()
    save_file(weights, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q"], "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    card = AdapterCard(
        name="support", base_model="reader", base_fingerprint="b", chat_template="t", prompts="p",
        data=DataCard(name="facts", fingerprint="f", examples=2), trained_at=datetime(2026, 1, 1, tzinfo=UTC),
        documents={"velmora.md": ["0123"]},
    )  # fmt: skip
    Registry(tmp_path / "home").add(folder, card)
    return tmp_path / "home"


def settings(home: Path, model: Path | None) -> Settings:
    chosen = str(model) if model else None
    return Settings(home=home, embedding_model=chosen, vllm_url="http://127.0.0.1:9")


@pytest.fixture
def http(home: Path, model: Path) -> Iterator[httpx.Client]:
    with TestClient(create_app(settings(home, model))) as client:
        yield client


def search(http: httpx.Client, question: str = "Who runs the Velmora office?") -> str:
    return str(http.get("/v1/search", params={"q": question}).json()["passages"])


def test_a_deleted_document_is_gone_from_every_answer_and_names_who_learned_from_it(
    http: httpx.Client, home: Path
) -> None:
    assert "Anna Tovan" in search(http)
    told = http.delete("/v1/documents/velmora.md").json()
    (adapter,) = told["trained_on"]
    assert adapter.startswith("support@") and "not unlearned" in told["note"]
    assert "Anna Tovan" not in search(http) + search(http, "Anna Tovan") + http.get("/v1/documents").text
    assert http.delete("/v1/documents/sorrin.md").json() == {"id": "sorrin.md", "deleted": True, "trained_on": []}
    context = Context()
    context.__dict__["settings"] = IndexerSettings(home=home)
    assert context.trained_on(["velmora.md"]) == [adapter]


def test_a_changed_document_names_them_too_and_its_old_text_is_gone(http: httpx.Client) -> None:
    posted = {"id": "velmora.md", "title": "velmora.md", "text": "Carl Ennis runs the Velmora office."}
    told = http.post("/v1/documents", json={"documents": [posted]}).json()
    assert (told["updated"], len(told["trained_on"])) == (["velmora.md"], 1)
    assert "Carl Ennis" in search(http) and "Anna Tovan" not in search(http)


def test_a_server_with_another_embedding_model_builds_the_index_anew_and_answers_meanwhile(home: Path) -> None:
    with TestClient(create_app(settings(home, None))) as http:
        status: dict[str, Any] = {}
        deadline = time.monotonic() + 60
        while status.get("version") != 2 and time.monotonic() < deadline:
            assert "Anna Tovan" in search(http)
            status = http.get("/v1/documents").json()["index"]
        assert (status["version"], status["embedding"], status["documents"]) == (2, "all-MiniLM-L6-v2", 2)
        assert "Anna Tovan" in search(http)


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in pieces"])
def test_a_body_longer_than_the_settings_allow_is_refused(home: Path, model: Path, announced: bool) -> None:
    posted = json.dumps({"documents": [{"id": "long.md", "text": "Velmora. " * 200_000}]}).encode()
    pieces = (posted[start : start + 65_536] for start in range(0, len(posted), 65_536))
    allowed = settings(home, model).model_copy(update={"max_body_mib": 1})
    with TestClient(create_app(allowed)) as http:
        answer = http.post("/v1/documents", content=posted if announced else pieces)
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "body_too_large"
        assert "CROSSOVER_MAX_BODY_MIB" in answer.json()["error"]["message"]
        assert "long.md" not in http.get("/v1/documents").text


@pytest.mark.parametrize(
    ("origin", "kind", "status"),
    [
        ("http://evil.example", "text/plain", 403),
        ("http://evil.example", None, 403),
        ("null", "text/plain", 403),
        ("http://evil.example", "application/json", 200),  # for that a browser asks first, and nobody here says yes
        ("http://testserver", "text/plain", 200),
        (None, None, 200),
    ],
)
def test_a_page_of_another_site_cannot_change_anything(
    http: httpx.Client, origin: str | None, kind: str | None, status: int
) -> None:
    headers = {name: value for name, value in (("Origin", origin), ("Content-Type", kind)) if value}
    body = json.dumps({"documents": [{"id": "new.md", "text": "Tea is served at four."}]})
    told = http.post("/v1/documents", content=body, headers=headers)
    assert told.status_code == status
    assert ("new.md" in http.get("/v1/documents").text) == (status == 200)
    if status == 403:
        assert told.json()["error"]["code"] == "cross_site"
