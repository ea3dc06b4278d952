"""What can go wrong in the indexer, each message naming the thing and the remedy.

ValueError (bad input)
  ReadError            a file that cannot be read as a document
  DocumentCollision    two files of one run that would get the same id
  EmbeddingMismatch    the index was built with another embedding model
LookupError (no such thing)
  UnknownDocument      no document of that id
RuntimeError (cannot now)
  IndexLocked          another process holds the index
  StoreError           the vector store failed or cannot be reached
  EmbeddingServerError the embedding server failed or cannot be reached
OSError
  IndexFull            no space left for the index (errno ENOSPC)
"""

from __future__ import annotations

import errno
import os
from pathlib import Path


class ReadError(ValueError):
    """A file that cannot be read as a document."""

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = os.fsencode(path).decode(errors="backslashreplace")  # a name may hold bytes that are no text
        super().__init__(f"{self.path}: {reason}")
        self.reason = reason


class DocumentCollision(ValueError):
    """Two files of one run that would get the same id."""


class EmbeddingMismatch(ValueError):
    """The index was built with another embedding model than the settings name."""


class UnknownDocument(LookupError):
    """No document of that id is in the index."""


class IndexLocked(RuntimeError):
    """Another process holds the index."""


class StoreError(RuntimeError):
    """The vector store failed, or cannot be reached."""


class EmbeddingServerError(RuntimeError):
    """The embedding server failed, or cannot be reached."""


class IndexFull(OSError):
    """No space is left where the index lives; what was indexed before is intact."""

    def __init__(self, folder: Path, what: str) -> None:
        super().__init__(errno.ENOSPC, what, str(folder))

    def __str__(self) -> str:
        """The whole message, instead of errno and a quoted path."""
        return (
            f"{self.filename}: the disk is full ({self.strerror}); free some space, or set CROSSOVER_HOME to a folder "
            "elsewhere. What was indexed before is intact"
        )
