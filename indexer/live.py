"""The version of an index that answers at this moment, and how the next one takes its place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from crossover.indexer.document import DocumentRecord, IndexStatus
from crossover.indexer.embedding import Embedder
from crossover.indexer.preparation import revision_of
from crossover.indexer.versions import IndexVersion, Versions

_log = logging.getLogger(__name__)


class LiveVersion:
    """Follows the current version, which this process or, where the index is shared, another one may replace.

    Args:
        versions: of the index.
        embedder: of the settings; a version that was built with another model keeps its own.
    """

    def __init__(self, versions: Versions, embedder: Embedder) -> None:
        self._versions = versions
        self._embedder = embedder
        self._replacing = threading.Lock()
        self._version = versions.open(versions.current, embedder)

    def follow(self) -> IndexVersion:
        """The version that answers."""
        if self.shared and self._versions.current != self._version.number:
            with self._replacing:
                number = self._versions.current
                if number != self._version.number:
                    old, self._version = self._version, self._versions.open(number, self._embedder)
                    old.store.close()
        return self._version

    @property
    def outdated(self) -> bool:
        """Whether it was built with another model than that of the settings."""
        return self.follow().embedder is not self._embedder

    def what_is_outdated(self) -> str:
        """Which model it was built with, and how it gets to that of the settings."""
        return (
            f"the index was built with the embedding model {self.follow().embedder.name!r} and goes on with it; "
            f"`crossover index PATH`, or a server, builds it anew with {self._embedder.name!r}"
        )

    def warm(self) -> None:
        """Load its model now rather than at the first question."""
        try:
            self.follow().embedder.warm()
        except (OSError, ValueError) as error:
            if not self.outdated:
                raise
            _log.warning("that model cannot be loaded any more, and no question be answered before: %s", error)

    @property
    def shared(self) -> bool:
        """Whether other processes may write to it."""
        return self._versions.shared

    def catch_up(self) -> None:
        """Take over what other processes have done; to be called by who may write."""
        if self.shared:
            self.follow().manifest.refresh()
            self.recover()

    def recover(self) -> None:
        """Clean up after a crash; to be called by who may write."""
        self._version.recover(owned=not self.shared)
        self._drop_others(next_too=not self.shared and not self.outdated)

    def begin_next(self) -> IndexVersion:
        """The version that is to follow, under the model of the settings; one that was begun so before goes on."""
        number = self._version.number + 1
        self._drop_others(next_too=self._versions.model(number) not in ("", self._embedder.name))
        version = self._versions.open(number, self._embedder)
        version.recover(owned=not self.shared)
        return version

    def switch(self, new: IndexVersion) -> None:
        """Let a version answer from now on, and delete the one before."""
        new.store.optimize()
        new.calibrate_if_due()
        old = self._version
        self._versions.switch(new.number)
        with self._replacing:
            self._version = new
        old.store.drop()  # a search in there fails, and is made again in the new version
        old.store.close()
        old.manifest.unlink()

    def status(self, documents: Sequence[DocumentRecord], chunk_tokens: int | None) -> IndexStatus:
        """Its number, model and size; `bytes` are None where the vectors are on a server."""
        version = self.follow()
        model = version.embedder
        return IndexStatus(
            version=version.number,
            embedding=model.name,
            setting=self._embedder.name,
            documents=len(documents),
            chunks=sum(record.chunks for record in documents),
            bytes=self._versions.size(version.number),
            outdated=[
                record.id
                for record in documents
                if record.revision != revision_of(record.id, record.content_hash, chunk_tokens, model)
            ],
        )

    def close(self) -> None:
        """Close its store."""
        self._version.store.close()

    def _drop_others(self, *, next_too: bool) -> None:
        """Delete the version that was replaced, should it be there still, and a next one that nobody goes on with."""
        number = self._version.number
        if self._versions.exists(number - 1):
            self._versions.drop(number - 1)
        if next_too and self._versions.exists(number + 1):
            self._versions.drop(number + 1)
