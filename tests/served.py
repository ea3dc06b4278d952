"""The running vLLM that the tests of the engine share."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.adapters.base_model import BaseModel
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.server.engine.client import Engine
from crossover.server.engine.supervisor import Supervisor
from crossover.server.settings import Settings


@dataclass(frozen=True, slots=True)
class Served:
    """A supervised vLLM, and the registry whose promoted adapters it holds.

    Attributes:
        versions: the versions of each adapter, the oldest first; the first is promoted.
    """

    base: BaseModel
    settings: Settings
    supervisor: Supervisor
    engine: Engine
    registry: Registry
    versions: dict[str, list[AdapterVersion]]
