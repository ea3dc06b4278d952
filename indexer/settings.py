"""What the indexer needs to know; the server's settings inherit this and read it from the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr


class IndexerSettings(BaseModel):
    """Where the index lives, and how documents are cut and embedded."""

    home: Path = Field(Path(".crossover"), description="The folder that holds all state: index, adapters, runs.")
    qdrant_url: str | None = Field(
        None, description="A Qdrant server or cluster for the vectors; without it Qdrant's engine runs in the process."
    )
    qdrant_api_key: SecretStr | None = Field(None, description="The API key of that Qdrant server.")
    qdrant_collection: str = Field("crossover", min_length=1, description="The collection on that Qdrant server.")
    embedding_model: str | None = Field(
        None, description="A sentence-transformers model, by hub id or path; without it the packaged all-MiniLM-L6-v2."
    )
    reranker: str | None = Field(
        None,
        description="A cross-encoder of sentence-transformers, by hub id or path, that reads the best passages again; "
        "without it the two searches decide.",
    )
    chunk_tokens: int | None = Field(
        None,
        ge=32,
        description="The most tokens of a chunk, its heading included; without it what the embedding model reads.",
    )

    @property
    def index_home(self) -> Path:
        """The folder of the shard and the manifest."""
        return self.home / "index"
