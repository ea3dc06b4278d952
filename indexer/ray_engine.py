"""Reading, cutting and embedding on a Ray cluster, as a Ray Data pipeline; the driver writes what comes back.

Files must lie under the same paths on every node. The chunks and their ids are those of a local run,
for both follow from the documents alone.
"""

from __future__ import annotations

import pickle
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crossover.indexer.document import DocumentRecord, Skipped
from crossover.indexer.errors import ReadError
from crossover.indexer.preparation import Looked, Preparation
from crossover.indexer.sources import SourceFile, read_all

if TYPE_CHECKING:
    from crossover.indexer.settings import IndexerSettings

_FILES = 64  # in a task: read, and embedded together, sorted by length


class RayEngine:
    """Some files on their way through Ray.

    Args:
        skipped: gets the files that could not be read.

    Raises:
        RuntimeError: Ray is not installed.
    """

    def __init__(self, files: Sequence[SourceFile], skipped: list[Skipped], settings: IndexerSettings) -> None:
        try:
            import ray.data  # noqa: F401 - an optional extra
        except ImportError as error:
            raise RuntimeError("--engine ray needs Ray: pip install 'ray[data]'") from error
        self._files = files
        self._skipped = skipped
        self._settings = settings

    def looked(self, known: Mapping[str, DocumentRecord]) -> Generator[Looked]:
        """What became of each document that could be read, in no order.

        Raises:
            ReadError: the files were named themselves, and none of them can be read.
            RuntimeError: a task failed; with its reason.
        """
        import ray
        from ray.data import DataContext

        if not ray.is_initialized():
            ray.init(logging_level="error", log_to_driver=False)
        DataContext.get_current().enable_progress_bars = False
        gpus, cpus = (int(ray.cluster_resources().get(kind, 0)) for kind in ("GPU", "CPU"))
        tasks = max(1, -(-len(self._files) // _FILES))
        pipeline = ray.data.from_items(
            [{"file": pickle.dumps(file)} for file in self._files], override_num_blocks=tasks
        ).map_batches(
            _Look,
            fn_constructor_args=(self._settings, ray.put(dict(known))),
            batch_size=_FILES,
            concurrency=(1, max(1, min(tasks, gpus or cpus))),
            num_cpus=1,
            num_gpus=1 if gpus else 0,
        )
        found_any = False
        try:
            for row in pipeline.iter_rows():
                found, skipped = pickle.loads(row["looked"])
                self._skipped += skipped
                found_any = found_any or bool(found)
                yield from found
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise RuntimeError(f"Ray could not read and embed the documents: {reason}") from error
        if self._skipped and not found_any and not any(file.root for file in self._files):
            raise ReadError(self._skipped[0].path, self._skipped[0].reason)


class _Look:
    """The work of one Ray actor, its model loaded once."""

    def __init__(self, settings: IndexerSettings, known: Any) -> None:
        import ray

        from crossover.indexer.embedding import Embedder

        self._reading = settings.reading
        self._known: dict[str, DocumentRecord] = ray.get(known)
        self._preparation = Preparation(Embedder.of(settings), settings.chunk_tokens)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        skipped: list[Skipped] = []
        found: list[Looked] = []
        with suppress(ReadError):  # none of them could be read; `skipped` says why
            for document in read_all([pickle.loads(file) for file in batch["file"]], skipped, self._reading):
                found.append(self._preparation.look(document, self._known.get(document.id)))
        stored = iter(self._preparation.stored([(looked.record, chunk) for looked in found for chunk in looked.chunks]))
        for looked in found:
            looked.stored = [next(stored) for _ in looked.chunks]
        return {"looked": [pickle.dumps((found, skipped))]}
