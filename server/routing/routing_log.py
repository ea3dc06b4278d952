"""HOME/routing/ID.jsonl: what the router saw of each question and took, so that ratings of answers can re-fit it.

Numbers and hashes alone: the texts of questions stay where they were.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from crossover.adapters.append_only import whole_lines, write_row
from crossover.server.routing.circumstances import Circumstances
from crossover.server.routing.features import FEATURE_VERSION, Features

FOLDER = "routing"


class Seen(BaseModel):
    """What was seen of a question beside one adapter, by its name, or beside none."""

    model_config = ConfigDict(frozen=True)

    adapter: str | None
    features: dict[str, float | bool | None]


class Routed(BaseModel):
    """One question that `auto` routed.

    Args:
        question: its hash.
        circumstances: the hash of those that it was answered under.
        taken, by: what answered, and what decided so.
        shadow: what the policy would have taken, in shadow mode.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    question: str
    feature_version: int
    circumstances: str
    seen: list[Seen]
    taken: str
    by: str
    shadow: str | None = None


class RoutingLog:
    """The file of one server, made with its first line; each line is one write."""

    def __init__(self, home: Path, now: Circumstances) -> None:
        self._path = home / FOLDER / f"{uuid4().hex[:12]}.jsonl"
        self._now = circumstances_hash(now)

    def append(
        self, question: str, seen: Sequence[tuple[str | None, Features]], taken: str, by: str, shadow: str | None
    ) -> None:
        """Keeps one question; not brought to the disk at once, for an answer waits.

        Raises:
            OSError: the disk is full or cannot be written; the file is as it was.
        """
        row = Routed(
            at=datetime.now(UTC),
            question=question_hash(question),
            feature_version=FEATURE_VERSION,
            circumstances=self._now,
            seen=[Seen(adapter=adapter, features=features.known()) for adapter, features in seen],
            taken=taken,
            by=by,
            shadow=shadow,
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            write_row(descriptor, row.model_dump(mode="json"))
        finally:
            os.close(descriptor)


def read(home: Path) -> list[Routed]:
    """All that the servers of a home kept, the oldest first; a torn last line is left out."""
    rows = []
    for file in sorted((home / FOLDER).glob("*.jsonl")):
        for line in whole_lines(file):
            with suppress(ValidationError):  # of another version
                rows.append(Routed.model_validate_json(line))
    return sorted(rows, key=lambda row: row.at)


def question_hash(text: str) -> str:
    """Equal for equal questions, whatever the blanks around them."""
    return sha256(text.strip().encode(errors="surrogatepass")).hexdigest()[:16]


def circumstances_hash(now: Circumstances) -> str:
    """Equal for equal circumstances."""
    return sha256(now.model_dump_json(exclude_defaults=True).encode()).hexdigest()[:12]
