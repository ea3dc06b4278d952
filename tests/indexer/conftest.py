"""Real engines for the indexer's tests: the packaged embedding model, Qdrant's shard, Qdrant's own client."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crossover.eval.bench.tiny_embedder import build_tiny_embedder
from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.vector_store import VectorStore
from crossover.indexer.vector_store.edge import EdgeStore
from crossover.indexer.vector_store.remote import RemoteStore, connect
from crossover.indexer.versions import Versions

_NO_PAYLOAD_INDEX = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")
STORES = ["edge", pytest.param("memory", marks=_NO_PAYLOAD_INDEX), "server"]

MakeStore = Callable[[Embedder], VectorStore]


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedding model with random weights and short vectors."""
    return build_tiny_embedder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def settings(tmp_path: Path) -> IndexerSettings:
    return IndexerSettings(home=tmp_path / "home")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path, embedder: Embedder) -> Iterator[VectorStore]:
    """The same tests for the shard in the process, the vendor's in-memory implementation, and a server."""
    if request.param == "edge":
        made: VectorStore = EdgeStore(tmp_path / "home" / "index" / "shard", lambda: embedder.dimension)
        yield made
        made.close()
        return
    from qdrant_client import QdrantClient

    collection = f"test-{uuid.uuid4().hex}"
    url = os.environ.get("QDRANT_URL")
    if request.param == "server" and not url:
        pytest.skip("QDRANT_URL names no Qdrant server")
    client = (
        connect(url, os.environ.get("QDRANT_API_KEY"))
        if request.param == "server" and url
        else QdrantClient(":memory:")
    )
    yield RemoteStore(client, collection, lambda: embedder.dimension, url or "memory")
    client.delete_collection(collection)
    client.close()


@pytest.fixture
def index(settings: IndexerSettings, store: VectorStore, embedder: Embedder) -> Index:
    """An index on each of the stores."""
    return Index(settings, Versions(settings, "manifest", lambda *_: store, shared=True), embedder)


OFFICES = {
    "velmora.md": "# Velmora\n\n## Staff\n\nAnna Tovan runs the Velmora office.\n\n## Place\n\nIt lies in Quilden.\n",
    "sorrin.md": "# Sorrin\n\n## Staff\n\nThe Sorrin office is run by Bela Marsk.\n\n## Place\n\nIt lies in Harrow.\n",
    "rules/travel.md": "# Travel\n\nTrips over nine hundred crowns need a signature before they are booked.\n",
    "notes.txt": "The coffee machine on the second floor takes blue tokens only.\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with four small documents."""
    root = tmp_path / "docs"
    for name, text in OFFICES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def documents() -> list[Document]:
    """The same as documents."""
    return [Document(name, name, text) for name, text in OFFICES.items()]
