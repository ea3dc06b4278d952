"""With LlamaIndex's own classes: its retrievers' base, its Qdrant store over the vendor's engine on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from llama_index.core import Document as LlamaDocument
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import QueryBundle
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models

from crossover.indexer.document import Document
from crossover.indexer.errors import StoreError
from crossover.indexer.filters import DocumentFilter
from crossover.indexer.index import Index
from crossover.indexer.llama_index import CrossoverRetriever, adopt
from crossover.indexer.settings import IndexerSettings

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")
LONG = " ".join(f"Room {n} of the Velmora office has {n + 3} desks and looks to the river." for n in range(40))


@pytest.fixture
def index(settings: IndexerSettings, documents: list[Document]) -> Iterator[Index]:
    with Index.open(settings) as index:
        index.add(documents)
        yield index


@pytest.fixture
def client(tmp_path: Path) -> Iterator[QdrantClient]:
    """A collection as a LlamaIndex user has it: two documents, cut into overlapping nodes."""
    client = QdrantClient(path=str(tmp_path / "theirs"))
    store = QdrantVectorStore(client=client, collection_name="theirs")
    VectorStoreIndex.from_documents(
        [
            LlamaDocument(text=LONG, doc_id="rooms", metadata={"file_name": "rooms.txt", "floor": 2}),
            LlamaDocument(text="Anna Tovan runs the office.", doc_id="staff", metadata={"title": "Staff"}),
        ],
        storage_context=StorageContext.from_defaults(vector_store=store),
        transformations=[SentenceSplitter(chunk_size=80, chunk_overlap=20)],
        embed_model=MockEmbedding(embed_dim=8),
    )
    yield client
    client.close()


def test_our_search_is_one_of_their_retrievers(index: Index) -> None:
    retriever = CrossoverRetriever(index, similarity_top_k=2)
    assert isinstance(retriever, BaseRetriever)
    best, second = retriever.retrieve("Who runs the Velmora office?")
    assert best.node.get_content() == "Anna Tovan runs the Velmora office."
    assert best.node.ref_doc_id == "velmora.md"
    assert best.node.metadata["title"] == "velmora.md - Staff"
    assert best.score and second.score and best.score > second.score


async def test_it_works_in_their_query_engine_and_with_a_filter(index: Index) -> None:
    retriever = CrossoverRetriever(index, only=DocumentFilter(sources=("sorrin.md",)))
    engine = RetrieverQueryEngine.from_args(retriever, llm=MockLLM())
    nodes = await engine.aretrieve(QueryBundle("Who runs the office?"))
    assert {node.node.ref_doc_id for node in nodes} == {"sorrin.md"}


def test_a_collection_of_theirs_becomes_documents_with_text_metadata_and_ids(client: QdrantClient) -> None:
    documents = {document.id: document for document in adopt(client, "theirs")}
    assert documents.keys() == {"rooms", "staff"}
    assert documents["rooms"].text == LONG
    assert documents["rooms"].metadata == {"file_name": "rooms.txt", "floor": "2"}
    assert (documents["rooms"].title, documents["staff"].title) == ("rooms.txt", "Staff")


def test_what_was_adopted_is_found(client: QdrantClient, settings: IndexerSettings) -> None:
    with Index.open(settings) as index:
        assert sorted(index.add(adopt(client, "theirs")).added) == ["rooms", "staff"]
        assert index.search("How many desks are in room 17?", 1)[0].document == "rooms"
        assert index.add(adopt(client, "theirs")).unchanged == ["rooms", "staff"]


def test_a_collection_that_is_missing_or_somebody_elses_is_named(client: QdrantClient) -> None:
    with pytest.raises(LookupError, match="nowhere: no such collection"):
        list(adopt(client, "nowhere"))
    client.create_collection("other", models.VectorParams(size=2, distance=models.Distance.COSINE))
    client.upsert("other", [models.PointStruct(id=7, vector=[1.0, 0.0], payload={"text": "x"})])
    with pytest.raises(StoreError, match="point 7 has no `_node_content`"):
        list(adopt(client, "other"))
