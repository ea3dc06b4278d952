"""Promotion: load → probe → flip the alias → drain → unload, so that no answer is lost and none is mixed.

Served names are immutable ("support@3f9c2a"): vLLM keeps prefix-cache blocks by name, and weights
loaded again under an old name would be answered from the old blocks. Only the alias moves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Protocol

from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.servable import NotServable

logger = logging.getLogger(__name__)


class AdapterNotLoaded(RuntimeError):
    """vLLM could not take an adapter; the message names the server, the path and vLLM's reason."""


class AdapterHost(Protocol):
    """Where adapters are served: all vLLM servers of one engine."""

    changing: asyncio.Lock  # held while the set of adapters changes

    async def load(self, name: str, path: str | Path) -> None:
        """Load on every server or on none; a name that is already loaded is no error."""

    async def unload(self, name: str) -> None:
        """Unload everywhere; a name that is not loaded is no error."""

    async def loaded(self) -> set[str]:
        """The served names that every server has."""

    def fitting(self, names: Sequence[str]) -> list[str]:
        """Those of these served names that are held at once, the pinned ones first."""

    async def probe(self, name: str) -> None:
        """Answer one real request on every server, or raise AdapterNotLoaded."""

    async def drained(self, name: str) -> None:
        """Wait until no request to `name` is under way."""


Note = Callable[[str, float], None]
"""Takes the name of a phase and the milliseconds that it took."""


def _unheard(phase: str, milliseconds: float) -> None:
    """Nobody wants to know."""


def served_path(registry: Registry, version: AdapterVersion, root: str | None) -> str:
    """The folder of a version as the vLLM servers see it: below `root` in place of our adapters folder.

    Raises:
        NotServable: it is of another base model; whatever loads an adapter asks here.
    """
    registry.check_base(version.card)
    if root is None:
        return str(version.path.resolve())
    return str(PurePosixPath(root) / version.path.relative_to(registry.folder).as_posix())


async def promote(
    registry: Registry, host: AdapterHost, name: str, digest: str, root: str | None = None, note: Note = _unheard
) -> AdapterVersion:
    """The version that `name` now means, once it has answered and the one before it is gone.

    Args:
        registry: where versions and aliases are kept.
        host: where they are served.
        name: the alias.
        digest: the version to promote.
        root: where the vLLM servers see the adapters folder; None: where we do.
        note: told the milliseconds of each phase: load, probe, flip, drain.

    Raises:
        LookupError: no such version.
        NotServable: it cannot be served here.
        AdapterNotLoaded: a server could not load it or did not answer with it; nothing has changed.
    """
    version = registry.resolve(f"{name}@{digest}")
    async with host.changing:
        with _timed("load", note):
            await host.load(version.served_name, served_path(registry, version, root))
        previous = registry.promoted_digest(name)
        try:
            with _timed("probe", note):
                await host.probe(version.served_name)
        except Exception:
            if version.digest != previous:
                await host.unload(version.served_name)
            raise
        with _timed("flip", note):
            registry.set_alias(name, version.digest)
    if previous is not None and previous != version.digest:
        with _timed("drain", note):
            await _retire(registry, host, name, previous)
    return version


async def rollback(
    registry: Registry, host: AdapterHost, name: str, root: str | None = None, note: Note = _unheard
) -> AdapterVersion:
    """The version that `name` meant before, promoted again in the same careful way.

    Raises:
        LookupError: there is no earlier version.
        AdapterNotLoaded: it could not be served; nothing has changed.
    """
    return await promote(registry, host, name, registry.rollback_target(name).digest, root, note)


async def reconcile(registry: Registry, host: AdapterHost, root: str | None = None) -> dict[str, Exception]:
    """Load what is promoted and not loaded; what could not be, by served name.

    One broken adapter does not keep the others from being served. Adapters that are loaded and not
    ours are left alone: other Crossovers may share the servers. Where there are more than slots, the
    pinned ones come first, and what finds no slot is loaded when it is asked for.
    """
    failed: dict[str, Exception] = {}
    async with host.changing:
        loaded = await host.loaded()
        promoted = {version.served_name: version for version in registry.promoted()}
        for version in (promoted[name] for name in host.fitting(list(promoted)) if name not in loaded):
            try:
                await host.load(version.served_name, served_path(registry, version, root))
                await host.probe(version.served_name)
            except (AdapterNotLoaded, NotServable) as error:
                logger.error("%s", error)
                failed[version.served_name] = error
    return failed


@contextmanager
def _timed(phase: str, note: Note) -> Iterator[None]:
    begun = perf_counter()
    yield
    note(phase, round(1000 * (perf_counter() - begun), 3))


async def _retire(registry: Registry, host: AdapterHost, name: str, digest: str) -> None:
    await host.drained(f"{name}@{digest}")
    async with host.changing:
        if registry.promoted_digest(name) != digest:  # it may have been promoted again meanwhile
            await host.unload(f"{name}@{digest}")
