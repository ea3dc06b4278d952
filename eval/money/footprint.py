"""What the adapters behind a comparison took to make and take to keep, from their cards and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from crossover.adapters.base_model import BaseModelNotFoundError, resolve
from crossover.adapters.card import AdapterCard
from crossover.adapters.digest import weight_bytes
from crossover.adapters.registry import AdapterVersion, Registry, UnknownAdapter
from crossover.indexer.disk import bytes_on_disk

_GIB = 2**30
_FULL = "full"  # the method that leaves a whole model per task


@dataclass(frozen=True, slots=True)
class Footprint:
    """One adapter, by its card.

    Args:
        examples: labelled ones that it was trained on.
        device_hours: of one training.
        disk_gib: its weights; with full fine-tuning a whole model.
        base_gib: the base model's weights; None where they are not here.
        full: whether it replaces the base model in memory instead of standing beside it.
    """

    examples: int
    device_hours: float
    disk_gib: float
    base_gib: float | None
    full: bool = False

    @property
    def memory_gib(self) -> float | None:
        """GPU memory for weights, as they lie on disk; the cache for prompts under way comes on top."""
        if self.full:
            return self.disk_gib
        return None if self.base_gib is None else self.base_gib + self.disk_gib


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept for answering.

    Args:
        adapters: by served name; those whose cards are not here are left out.
        index_gib: the vectors and texts on disk; None where there is no index.
    """

    adapters: dict[str, Footprint]
    index_gib: float | None = None

    @property
    def examples(self) -> int | None:
        """How many examples there are to show, None where no card tells."""
        return max((footprint.examples for footprint in self.adapters.values()), default=None)

    @property
    def base_gib(self) -> float | None:
        """The base model's weights."""
        return next((footprint.base_gib for footprint in self.adapters.values()), None)


def kept(adapters: Sequence[str], homes: Sequence[Path]) -> Kept:
    """What adapters (served names) and index take, from the first home that knows each."""
    versions = {name: find_version(name, homes) for name in adapters}
    found = {name: _footprint(version) for name, version in versions.items() if version}
    indexes = [home / "index" for home in homes if (home / "index").is_dir()]
    return Kept(found, bytes_on_disk(indexes[0]) / _GIB if indexes else None)


def find_version(name: str, homes: Sequence[Path]) -> AdapterVersion | None:
    """The adapter of a served name, from the first home that has it."""
    return next((version for home in homes if (version := _resolve(home, name))), None)


def _resolve(home: Path, name: str) -> AdapterVersion | None:
    try:
        return Registry(home).resolve(name)
    except (UnknownAdapter, OSError, ValidationError):
        return None


def _footprint(version: AdapterVersion) -> Footprint:
    card = version.card
    return Footprint(
        examples=card.data.examples,
        device_hours=(card.device_seconds or card.wall_seconds) / 3600,
        disk_gib=weight_bytes(version.path) / _GIB,
        base_gib=_base_gib(card),
        full=card.method == _FULL,
    )


def _base_gib(card: AdapterCard) -> float | None:
    for setting in (None, card.base_model):
        try:
            base = resolve(setting)
        except BaseModelNotFoundError:
            continue
        if base.fingerprint == card.base_fingerprint and Path(base.path).is_dir():
            return weight_bytes(Path(base.path)) / _GIB
    return None
