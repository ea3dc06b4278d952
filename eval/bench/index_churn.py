"""Questions while documents come, change and go: every answer whole, of one version, and of nothing deleted."""

from __future__ import annotations

import random
import re
import statistics
import threading
import time
from collections import defaultdict
from typing import Any

from crossover.indexer.document import Document
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings

_NAMES = [f"{first}{second}" for first in ("mar", "vel", "sor", "qui") for second in ("row", "mora", "rin", "lon")]
_PARTS, _THREADS = 3, 3  # chunks of a document; threads that ask
_PAUSE = 0.005  # seconds between two questions of a thread: else the writer hardly gets to write
_SAYS = (
    "stands in the yard behind the mill and turns when the sluice opens at dawn",
    "was cast from grey iron; its hub holds eight oak spokes and a brass ring",
    "needs grease every second week, or the bearing sings so loud that nobody sleeps",
)
_TEXT = re.compile(r"The (\w+) wheel number (\d+) ")


class _Churn:
    """One writer, some readers, and what they may see.

    Attributes:
        gone: by document, the last version that was replaced or deleted, and confirmed so.
        held: the versions that are confirmed and not being replaced or deleted.
    """

    def __init__(self, index: Index, seed: int) -> None:
        self.index = index
        self.gone: dict[str, int] = dict.fromkeys(_NAMES, -1)
        self.held: dict[str, int] = dict.fromkeys(_NAMES, 0)
        self.stop = threading.Event()
        self.counts: dict[str, int] = defaultdict(int)
        self.milliseconds: list[float] = []
        self.errors: list[str] = []
        self._rng = random.Random(seed)

    def write(self) -> None:
        """Add, change and delete documents until stopped."""
        number = 0
        while not self.stop.is_set():
            name = self._rng.choice(_NAMES)
            try:
                version = self.held.pop(name, None)
                if version is not None and self._rng.random() < 0.4:
                    self.index.delete(name)
                    self.gone[name] = version
                else:
                    number += 1
                    self.index.add([_document(name, number)])
                    self.gone[name] = number - 1
                    self.held[name] = number
            except Exception as error:
                self.errors.append(repr(error))
            self.counts["writes"] += 1

    def read(self, seed: int) -> None:
        """Ask for one document after the other until stopped."""
        rng = random.Random(seed)
        while not self.stop.is_set():
            name, gone, started = rng.choice(_NAMES), dict(self.gone), time.perf_counter()
            before = self.held.get(name)
            try:
                found = self.index.search(f"What is said about the {name} wheel?", k=10)
            except Exception as error:
                self.errors.append(repr(error))
                continue
            self.milliseconds.append(1e3 * (time.perf_counter() - started))
            versions: dict[str, list[int]] = defaultdict(list)
            for passage in found:
                if match := _TEXT.search(passage.text):
                    versions[match[1]].append(int(match[2]))
            self.counts["mixed"] += any(len(set(each)) > 1 for each in versions.values())
            unchanged = before is not None and before == self.held.get(name)
            self.counts["lost"] += unchanged and set(versions[name]) != {before}
            self.counts["not_whole"] += len(versions[name]) not in (0, _PARTS)
            time.sleep(_PAUSE)
            self.counts["deleted_seen"] += any(each and min(each) <= gone[of] for of, each in versions.items())


def churn(settings: IndexerSettings, seconds: float, seed: int) -> dict[str, Any]:
    """Questions from three threads for some time, while a fourth writes without a pause; what was wrong, counted."""
    with Index.open(settings) as index:
        index.add([_document(name, 0) for name in _NAMES])
        state = _Churn(index, seed)
        threads = [threading.Thread(target=state.write)]
        threads += [threading.Thread(target=state.read, args=(seed + n,)) for n in range(1, _THREADS + 1)]
        for thread in threads:
            thread.start()
        state.stop.wait(seconds)
        state.stop.set()
        for thread in threads:
            thread.join()
        whole = index.version.store.count() == sum(record.chunks for record in index.documents())
    return {
        "seconds": round(seconds, 1),
        "questions": len(state.milliseconds),
        "writes": state.counts["writes"],
        "errors": len(state.errors),
        "first_error": state.errors[0] if state.errors else "",
        "mixed_versions": state.counts["mixed"],
        "not_whole": state.counts["not_whole"],
        "lost": state.counts["lost"],
        "deleted_seen": state.counts["deleted_seen"],
        "store_is_whole": whole,
        "median_ms": round(statistics.median(state.milliseconds), 2) if state.milliseconds else None,
    }


def _document(name: str, number: int) -> Document:
    parts = (f"## Part {part}\n\nThe {name} wheel number {number} {says}.\n" for part, says in enumerate(_SAYS))
    return Document(name, name, "\n".join(parts), language="en", metadata={"format": "markdown"})
