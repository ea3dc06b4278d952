"""Reading, cutting and embedding on a Ray cluster, as a Ray Data pipeline; the driver writes what comes back.

Files must lie under the same paths on every node. The chunks and their ids are those of a local run,
for both follow from the documents alone.
"""

from __future__ import annotations

import pickle
from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from crossover.indexer.document import DocumentRecord, Skipped
from crossover.indexer.preparation import Known, Looked, Preparation
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
            raise RuntimeError("--engine ray needs Ray: pip install 'crossover[ray]'") from error
        self._files = files
        self._skipped = skipped
        self._settings = settings

    def looked(self, known: Known) -> Generator[Looked]:
        """What became of each file that could be read, in no order.

        Raises:
            RuntimeError: a task failed; with its reason.
        """
        import ray
        from ray.data import DataContext

        if not ray.is_initialized():
            ray.init(logging_level="error", log_to_driver=False)
        DataContext.get_current().enable_progress_bars = False
        gpus, cpus = (int(ray.cluster_resources().get(kind, 0)) for kind in ("GPU", "CPU"))
        tasks = -(-len(self._files) // _FILES)
        pipeline = ray.data.from_items(
            [{"file": pickle.dumps((file, known(file.document_id)))} for file in self._files],
            override_num_blocks=max(1, tasks),
        ).map_batches(
            _Look,
            fn_constructor_args=(self._settings,),
            batch_size=_FILES,
            concurrency=(1, max(1, min(tasks, gpus or cpus))),
            num_cpus=1,
            num_gpus=1 if gpus else 0,
        )
        try:
            for row in pipeline.iter_rows():
                found, skipped = pickle.loads(row["looked"])
                self._skipped += skipped
                yield from found
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise RuntimeError(f"Ray could not read and embed the documents: {reason}") from error


class _Look:
    """The work of one Ray actor, its model loaded once."""

    def __init__(self, settings: IndexerSettings) -> None:
        from crossover.indexer.embedding import Embedder

        self._preparation = Preparation(Embedder.of(settings), settings.chunk_tokens)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        files: list[tuple[SourceFile, DocumentRecord | None]] = [pickle.loads(file) for file in batch["file"]]
        skipped: list[Skipped] = []
        known = {file.document_id: record for file, record in files}
        found = self._looked(read_all([file for file, _ in files], skipped), known)
        return {"looked": [pickle.dumps((found, skipped))]}

    def _looked(self, documents: Iterable[Any], known: dict[str, DocumentRecord | None]) -> list[Looked]:
        found = [self._preparation.look(document, known[document.id]) for document in documents]
        pairs = [(looked.record, chunk) for looked in found for chunk in looked.chunks]
        stored = iter(self._preparation.stored(pairs))
        for looked in found:
            looked.stored = [next(stored) for _ in looked.chunks]
        return found
