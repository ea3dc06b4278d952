"""More adapters than vLLM has slots: the least recently used leaves, and comes back when it is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager

Change = Callable[[str], Awaitable[object]]


class NoFreeSlot(RuntimeError):
    """Every slot is held by a pinned adapter, or by one whose requests do not end."""


class Slots:
    """Which adapters the vLLM servers hold, so that never more of them are in use at once than there are slots.

    An adapter whose requests are under way never leaves before they have ended; new ones to it wait meanwhile and
    bring it back, so that nobody waits longer than those before him take.

    Args:
        count: of slots; None: as many as there are adapters.
        changing: held while the set of adapters changes; waiters take turns.
        pinned: the served names that stay.
        deadline: seconds that a request waits for a slot at most.
        load, unload: on all servers, by served name.
        touch: makes an adapter the most recently used one in vLLM, which, when it needs room, lets go of the one that
            no request has used for longest, whatever has been unloaded by name.
    """

    def __init__(
        self,
        count: int | None,
        changing: asyncio.Lock,
        pinned: Callable[[], Collection[str]],
        deadline: float,
        *,
        load: Change,
        unload: Change,
        touch: Change,
    ) -> None:
        self._count, self._changing, self._pinned, self._deadline = count, changing, pinned, deadline
        self._load, self._unload, self._touch = load, unload, touch
        self._held: dict[str, None] = {}  # the least recently used first
        self._users: Counter[str] = Counter()
        self._leaving: str | None = None
        self._left = asyncio.Event()

    @asynccontextmanager
    async def using(self, name: str) -> AsyncIterator[None]:
        """The adapter is loaded, and stays so, while the context lasts.

        Raises:
            NoFreeSlot: none could be freed.
            AdapterNotLoaded, EngineUnavailable: it could not be loaded.
        """
        if self._count is None:
            yield
            return
        if not self._take(name):
            async with self._changing:
                if not self._take(name):  # whoever had the turn before may have brought it
                    await self._bring(name)
        try:
            yield
        finally:
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name]
                if self._leaving == name:
                    self._left.set()

    def fitting(self, names: Sequence[str]) -> list[str]:
        """Those of these adapters that the slots are for, the pinned ones first."""
        pinned = self._pinned()
        return sorted(names, key=lambda name: name not in pinned)[: self._count]

    def loaded(self, name: str) -> None:
        """Note that an adapter was loaded, beyond the slots if need be: a promotion replaces one in a moment."""
        self._held[name] = None

    def unloaded(self, name: str) -> None:
        """Note that an adapter was unloaded."""
        self._held.pop(name, None)

    async def keep_pinned(self) -> None:
        """Let vLLM not choose a pinned adapter when the next one is loaded."""
        pinned = self._pinned()
        await asyncio.gather(*(self._touch(name) for name in self._held if name in pinned), return_exceptions=True)

    def _take(self, name: str) -> bool:
        if name not in self._held or name == self._leaving:
            return False
        self._held[name] = self._held.pop(name)  # to the end of the row
        self._users[name] += 1
        return True

    async def _bring(self, name: str) -> None:
        while self._count is not None and len(self._held) >= self._count:
            await self._free(name)
        await self.keep_pinned()
        await self._load(name)
        self.loaded(name)
        self._users[name] += 1

    async def _free(self, name: str) -> None:
        """Let the least recently used adapter go, an idle one if there is one."""
        pinned = self._pinned()
        movable = [held for held in self._held if held not in pinned]
        if not movable:
            raise NoFreeSlot(
                f"{name} needs a slot in vLLM and all {self._count} are pinned: raise CROSSOVER_MAX_LORAS, or take an "
                "adapter out of CROSSOVER_PINNED_ADAPTERS"
            )
        victim = next((held for held in movable if not self._users[held]), movable[0])
        self._leaving = victim
        self._left.clear()
        try:
            if self._users[victim]:
                await asyncio.wait_for(self._left.wait(), self._deadline)
            await self._unload(victim)
            self._held.pop(victim, None)
        except TimeoutError as error:
            raise NoFreeSlot(f"{name} found no slot in vLLM within {self._deadline:g} s: all are in use") from error
        finally:
            self._leaving = None
