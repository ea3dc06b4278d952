"""Runs that are killed: `python dying.py DOCS HOME:STEP:WHEN:NTH …` indexes DOCS into each HOME and kills itself there.

STEP is a method of the manifest or the store; the process ends by SIGKILL before or after its NTH call.
Each run is a fork of this process, so that the imports are paid for once.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from crossover.indexer import ingestion
from crossover.indexer.index import Index
from crossover.indexer.manifest import Manifest
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.vector_store.edge import EdgeStore


def kill_at(step: str, when: str, nth: int) -> None:
    """Make the NTH call of a method the last thing this process does."""
    owner: Any = Manifest if hasattr(Manifest, step) else EdgeStore
    method = getattr(owner, step)
    calls = 0

    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = method(*args, **kwargs)
        if calls == nth and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, step, dying)


def main() -> None:
    """Fork a run for each argument and print how it ended."""
    import llama_index.core.node_parser  # noqa: F401 - loaded before the forks
    import sentence_transformers  # noqa: F401

    ingestion._BATCH_CHUNKS = 4  # several batches from a few documents
    docs, *runs = sys.argv[1:]
    for run in runs:
        home, step, when, nth = run.rsplit(":", 3)
        child = os.fork()
        if child == 0:
            kill_at(step, when, int(nth))
            with Index.open(IndexerSettings(home=Path(home)), warm=False) as index:
                index.ingest_paths([Path(docs)], prune=True)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
