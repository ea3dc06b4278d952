"""/v1/documents: what is indexed, and adding to it or taking away."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from crossover.indexer.document import Document
from crossover.server.api import json_response, read_as, services_of
from crossover.server.bodies import described
from crossover.server.errors import BadRequest, DocumentNotFound

router = APIRouter()


class PostedDocument(BaseModel):
    """A document in a request; a known id replaces that document."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(min_length=1, max_length=1000)]
    text: str
    title: str = ""
    source: str = ""
    language: str | None = None
    metadata: dict[str, str] = {}


class DocumentsRequest(BaseModel):
    """The body of POST /v1/documents."""

    model_config = ConfigDict(extra="forbid", strict=True)

    documents: Annotated[list[PostedDocument], Field(min_length=1)]


_NOT_UNLEARNED = "What an adapter has learned is not unlearned with the document: train it again, or delete it."


@router.post("/v1/documents", openapi_extra=described(DocumentsRequest))
async def add_documents(request: Request) -> Response:
    """The report of indexing: what was added, changed and left as it was."""
    services = services_of(request)
    posted = (await read_as(DocumentsRequest, request)).documents
    for n, document in enumerate(posted):
        if not document.text.strip():
            raise BadRequest(f"documents[{n}].text: document {document.id!r} is empty", f"documents[{n}].text")
    documents = [Document(**(row.model_dump() | {"title": row.title or row.id})) for row in posted]
    async with services.writing:
        report = await asyncio.to_thread(services.index.add, documents)
    learned = await asyncio.to_thread(services.registry.trained_on, report.updated)
    return json_response({**asdict(report), "trained_on": learned})


@router.get("/v1/documents")
async def list_documents(request: Request) -> Response:
    """Every document of the index, with its content hash, version, time and number of chunks; and the index itself."""
    index = services_of(request).index
    records, status = await asyncio.to_thread(lambda: (index.documents(), index.status()))
    return json_response({"documents": [asdict(record) for record in records], "index": asdict(status)})


@router.delete("/v1/documents/{document:path}")
async def delete_document(document: str, request: Request) -> Response:
    """Removes a document with all its passages; says which adapters learned from it, for they still know it."""
    services = services_of(request)
    async with services.writing:
        gone = await asyncio.to_thread(services.index.delete, document)
    if not gone:
        raise DocumentNotFound(f"document {document!r} is not in the index: GET /v1/documents lists those that are")
    learned = await asyncio.to_thread(services.registry.trained_on, [document])
    answer = {"id": document, "deleted": True, "trained_on": learned}
    return json_response(answer | ({"note": _NOT_UNLEARNED} if learned else {}))
