"""For users of LlamaIndex: our search as one of its retrievers, and documents out of its Qdrant collections."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode
from qdrant_client import QdrantClient

from crossover.indexer.document import Document, Passage
from crossover.indexer.errors import StoreError
from crossover.indexer.filters import DocumentFilter
from crossover.indexer.index import Index
from crossover.indexer.served import ServedIndex

_PAGE = 256
_TITLES = ("title", "file_name", "filename")
_SOURCES = ("source", "url", "file_path", "file_name")
_OWN = {"document_id", "doc_id", "ref_doc_id"}  # what LlamaIndex adds to the metadata; `_node_…` too


class CrossoverRetriever(BaseRetriever):
    """A LlamaIndex retriever over an index, or over the one that a server holds.

    Args:
        index: open; stays open.
        similarity_top_k: how many nodes a question gets.
        only: the documents to look at.
    """

    def __init__(
        self, index: Index | ServedIndex, similarity_top_k: int = 5, only: DocumentFilter | None = None
    ) -> None:
        super().__init__()
        self._index = index
        self._k = similarity_top_k
        self._only = only

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        passages = self._index.search(query_bundle.query_str, self._k, self._only)
        return [NodeWithScore(node=_node(passage), score=passage.score) for passage in passages]


def _node(passage: Passage) -> TextNode:
    about = {
        "title": passage.title,
        "source": passage.source,
        "heading": " > ".join(passage.heading),
        "relevance": passage.relevance,
    }
    return TextNode(
        id_=passage.chunk,
        text=passage.text,
        metadata={key: value for key, value in about.items() if value not in ("", None)},
        excluded_llm_metadata_keys=["relevance"],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.document)},
    )


def adopt(client: QdrantClient, collection: str) -> Iterator[Document]:
    """The documents in a collection that LlamaIndex's `QdrantVectorStore` wrote, put together from their nodes.

    Ids, texts and metadata stay; where nodes overlap, the repeated text comes once. They are cut and embedded
    anew, so that they are searched by words as well. The collection itself is only read.

    Raises:
        LookupError: no such collection.
        StoreError: a point that LlamaIndex did not write, or the server does not answer.
    """
    nodes: dict[str, list[tuple[int | None, int | None, str]]] = {}
    metadata: dict[str, dict[str, str]] = {}
    for place, payload in _payloads(client, collection):
        node = _content(collection, place, payload)
        document = str(payload.get("ref_doc_id") or payload.get("doc_id") or "None")
        document = place if document == "None" else document
        text = node.get("text") or (node.get("text_resource") or {}).get("text") or payload.get("text") or ""
        nodes.setdefault(document, []).append((node.get("start_char_idx"), node.get("end_char_idx"), text))
        metadata.setdefault(document, _metadata(payload))
    for document, parts in nodes.items():
        about = metadata[document]
        title = next((about[key] for key in _TITLES if about.get(key)), document)
        source = next((about[key] for key in _SOURCES if about.get(key)), "")
        yield Document(document, title, _join(parts), source=source, metadata=about)


def _payloads(client: QdrantClient, collection: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        if not client.collection_exists(collection):
            raise LookupError(f"{collection}: no such collection on this Qdrant server")
        offset = None
        while True:
            points, offset = client.scroll(collection, limit=_PAGE, offset=offset, with_payload=True)
            for point in points:
                yield str(point.id), point.payload or {}
            if offset is None:
                return
    except LookupError:
        raise
    except Exception as error:  # the client raises its own and its transport's
        raise StoreError(f"cannot read the collection {collection!r}: {error}") from error


def _content(collection: str, place: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    try:
        content = json.loads(payload["_node_content"])
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"{collection}: point {place} has no `_node_content`; LlamaIndex's QdrantVectorStore did not write it"
        ) from error
    return dict(content)


def _metadata(payload: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in payload.items()
        if key not in _OWN and not key.startswith("_node_") and value is not None
    }


def _join(parts: list[tuple[int | None, int | None, str]]) -> str:
    """The nodes' texts in the order of their places in the document; nodes without a place follow as they came."""
    placed = sorted((start, end, text) for start, end, text in parts if start is not None and end is not None)
    pieces: list[str] = []
    reached = 0
    for start, end, text in placed:
        if end <= reached:
            continue
        if pieces and start > reached:
            pieces.append(" " if start == reached + 1 else "\n\n")  # splitters strip the space between two nodes
        pieces.append(text[max(0, reached - start) :])
        reached = end
    return "\n\n".join(filter(None, ["".join(pieces), *(text for start, end, text in parts if None in (start, end))]))
