"""What the indexer needs to know; the server's settings inherit this and read it from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from crossover.indexer.readers import Reading
from crossover.indexer.training.promoted import promoted_retriever


class IndexerSettings(BaseModel):
    """Where the index lives, and how documents are cut and embedded."""

    home: Path = Field(Path(".crossover"), description="The folder that holds all state: index, adapters, runs.")
    qdrant_url: str | None = Field(
        None, description="A Qdrant server or cluster for the vectors; without it Qdrant's engine runs in the process."
    )
    qdrant_api_key: SecretStr | None = Field(None, description="The API key of that Qdrant server.")
    qdrant_collection: str = Field("crossover", min_length=1, description="The collection on that Qdrant server.")
    embedding_model: str | None = Field(
        None,
        description="A sentence-transformers model, by hub id or path; without it the retriever promoted by "
        "`crossover index train-retriever`, or else the packaged all-MiniLM-L6-v2.",
    )
    reranker: str | None = Field(
        None,
        description="A cross-encoder of sentence-transformers, by hub id or path, that reads the best passages again; "
        "without it the two searches decide.",
    )
    embedding_url: str | None = Field(
        None,
        description="An OpenAI-compatible server of embeddings, such as http://HOST:8000/v1, that is asked for "
        "`embedding_model`; without it the model runs in the process.",
    )
    embedding_api_key: SecretStr | None = Field(None, description="The API key of that embedding server.")
    embedding_query_prefix: str = Field(
        "", description="Put in front of questions for that server, as the model's card asks; local models know theirs."
    )
    embedding_document_prefix: str = Field("", description="Put in front of passages for that server.")
    embedding_max_tokens: int = Field(
        512, ge=64, description="Tokens that the model on that server reads; counted by estimate, rather too many."
    )
    chunk_tokens: int | None = Field(
        None,
        ge=32,
        description="The most tokens of a chunk, its heading included; without it what the embedding model reads.",
    )
    max_file_mb: int = Field(64, ge=1, description="Files above this many MiB are not indexed.")
    document_fields: dict[Literal["id", "title", "text", "link"], str] = Field(
        {},
        description="What the fields of JSON records are called, by what they mean (id, title, text, link), "
        'such as {"text": "body"}; what it does not name is looked for.',
    )

    @field_validator("embedding_url")
    @classmethod
    def _names_a_model(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and "embedding_model" in info.data and not info.data["embedding_model"]:
            raise ValueError("set CROSSOVER_EMBEDDING_MODEL to the name of the model on that server")
        return value

    @property
    def embedding(self) -> str | None:
        """The embedding model in use: the setting, or the promoted retriever; None is the packaged one."""
        return self.embedding_model or promoted_retriever(self.home)

    @property
    def reading(self) -> Reading:
        """How files are read."""
        return Reading(self.max_file_mb << 20, dict[str, str](self.document_fields.items()))

    @property
    def index_home(self) -> Path:
        """The folder of the shard and the manifest."""
        return self.home / "index"
