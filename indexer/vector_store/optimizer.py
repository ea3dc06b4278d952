"""When a shard is worth optimizing, and building a large one's search graph in a process of its own.

The engine holds Python's lock from the beginning of `optimize` to its end, which is minutes for a
large shard: in this process no question could be answered meanwhile.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from qdrant_edge import EdgeOptimizersConfig, EdgeShard

from crossover.indexer.errors import StoreError

_WORTH_IT = 6000  # vectors without a graph; the engine builds one from 10 MB of vectors on, and is quick below
_NO_GRAPH = 1 << 30  # KiB
_DELETED = 0.2  # of the vectors: from here on the engine builds the graph anew
AT_ONCE = EdgeOptimizersConfig(deleted_threshold=1e-9, vacuum_min_vector_number=1, indexing_threshold=_NO_GRAPH)
"""Of a small shard: deleted points are forgotten each time, for until then they count in how rare a word is."""
SELDOM = EdgeOptimizersConfig(deleted_threshold=_DELETED, vacuum_min_vector_number=1000, indexing_threshold=10_000)
"""Of others, the engine's own values: a shard keeps what a configuration leaves out as it was."""
_SCRIPT = """
import os, sys
os.nice(10)  # questions are answered meanwhile
from qdrant_edge import EdgeShard
shard = EdgeShard.load(sys.argv[1])
shard.optimize()
shard.flush()
shard.close()
"""


def is_small(shard: EdgeShard) -> bool:
    """Whether all of it can be written anew in a moment, without a graph."""
    return bool(shard.info().points_count < _WORTH_IT)


def takes_long(shard: EdgeShard) -> bool:
    """Whether there is a graph to build, as far as the engine's counters tell."""
    info = shard.info()
    # Of each point the sparse vector counts as indexed at once, the dense one when it is in the graph, deleted or not.
    missing = 2 * info.points_count - info.indexed_vectors_count
    return missing >= _WORTH_IT or -missing / 2 >= max(_WORTH_IT, _DELETED * info.points_count)


def optimized_copy(folder: Path) -> Path:
    """A copy beside a shard's folder, optimized; the shard may be open and searched, but not written to.

    Raises:
        StoreError: the engine could not do it; nothing is left behind.
    """
    copy = Path(tempfile.mkdtemp(prefix=f"{folder.name}.optimizing-", dir=folder.parent))
    try:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        done = subprocess.run([sys.executable, "-c", _SCRIPT, str(copy)], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            raise StoreError(f"{folder}: cannot optimize the index: {reason}")
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    return copy


def replace(folder: Path, copy: Path) -> None:
    """Put the copy in the place of a shard that is closed; after a crash in between, :func:`tidy` restores it."""
    old = _old(folder)
    folder.rename(old)
    copy.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def tidy(folder: Path) -> None:
    """Clean up what a killed process left beside a shard's folder."""
    if _old(folder).exists() and not folder.exists():
        _old(folder).rename(folder)
    for leftover in (_old(folder), *folder.parent.glob(f"{folder.name}.optimizing-*")):
        shutil.rmtree(leftover, ignore_errors=True)


def _old(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.old")
