"""One vLLM for all tests of this folder, with three random adapters for its two slots, and two P-tuned ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from served import Served

from crossover.adapters.base_model import BaseModel, resolve
from crossover.adapters.promotion import promote, reconcile
from crossover.adapters.registry import Registry
from crossover.eval.bench.random_adapters import random_adapter, random_virtual_tokens, register
from crossover.server.engine.client import Engine
from crossover.server.engine.prompt_embeds import PromptEmbeds
from crossover.server.engine.supervisor import Supervisor
from crossover.server.settings import Settings


@pytest.fixture(scope="session")
def reader() -> BaseModel:
    """The built-in model."""
    return resolve(None)


@pytest.fixture(scope="session")
def engine_home(tmp_path_factory: pytest.TempPathFactory, reader: BaseModel) -> Path:
    """A home with two versions of `support`, one of `tickets` and two of the P-tuned `tones`, none promoted."""
    home = tmp_path_factory.mktemp("engine-home")
    registry = Registry(home)
    for seed, name in enumerate(("support", "support", "tickets")):
        folder = random_adapter(reader, tmp_path_factory.mktemp("random") / f"{name}-{seed}", seed)
        register(registry, reader, name, folder)
    for seed in (0, 1):
        folder = random_virtual_tokens(reader, tmp_path_factory.mktemp("random") / f"tones-{seed}", seed)
        register(registry, reader, "tones", folder)
    return home


@pytest.fixture(scope="session")
async def served(engine_home: Path, reader: BaseModel) -> AsyncIterator[Served]:
    """The running vLLM; `support`, `tickets` and `tones` (their first versions) are promoted; both slots are full."""
    settings = Settings(home=engine_home, max_loras=2)
    registry = Registry(engine_home)
    supervisor = Supervisor(settings, reader)
    async with (
        Engine(
            [supervisor.url],
            reader.name,
            api_key=supervisor.api_key,
            adapter_path=lambda name: registry.resolve(name).path,
            prompt_embeds=PromptEmbeds(registry, reader),
        ) as engine,
        supervisor,
    ):
        engine.pool.situation = supervisor.situation
        supervisor.on_ready = lambda: reconcile(registry, engine)
        await supervisor.started()
        versions = {name: registry.versions(name) for name in registry.names()}
        for name, (first, *_) in versions.items():
            await promote(registry, engine, name, first.digest)
        yield Served(reader, settings, supervisor, engine, registry, versions)
