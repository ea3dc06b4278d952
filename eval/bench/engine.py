"""One vLLM for a benchmark or a proof, under a home of its own that is removed again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from crossover.adapters.base_model import BaseModel, resolve
from crossover.eval.bench.load import Target
from crossover.eval.bench.random_adapters import random_adapter
from crossover.eval.serving import running_server
from crossover.indexer.document import Document
from crossover.indexer.index import Index
from crossover.server.engine.client import Engine
from crossover.server.engine.supervisor import Supervisor
from crossover.server.settings import Settings, load


@dataclass(frozen=True, slots=True)
class BenchEngine:
    """A running vLLM with adapters.

    Attributes:
        adapters: their folders by served name.
    """

    base: BaseModel
    settings: Settings
    supervisor: Supervisor
    engine: Engine
    adapters: Mapping[str, Path]

    @property
    def completions(self) -> Target:
        """vLLM's own /v1/completions."""
        return Target(f"{self.supervisor.url}/v1/completions", self.supervisor.api_key)


@asynccontextmanager
async def bench_engine(adapters: int, base_model: str | None = None, vllm_args: str = "") -> AsyncIterator[BenchEngine]:
    """vLLM with `adapters` random adapters loaded, which fill all its slots."""
    base = resolve(base_model)
    with tempfile.TemporaryDirectory(prefix="crossover-bench-made-") as folder:
        made = {f"random-{n}@{n}": random_adapter(base, Path(folder) / f"random-{n}", n) for n in range(adapters)}
        async with engine_with(made, base_model, vllm_args) as running:
            yield running


@asynccontextmanager
async def engine_with(
    adapters: Mapping[str, Path], base_model: str | None = None, vllm_args: str = ""
) -> AsyncIterator[BenchEngine]:
    """vLLM with these adapters, by the names they are served under, which fill all its slots."""
    base = resolve(base_model)
    with tempfile.TemporaryDirectory(prefix="crossover-bench-") as folder:
        settings = load(home=Path(folder), base_model=base_model, max_loras=len(adapters), vllm_args=vllm_args)
        async with Supervisor(settings, base) as supervisor:
            await supervisor.started()
            async with Engine([supervisor.url], base.name, api_key=supervisor.api_key) as engine:
                for name, path in adapters.items():
                    await engine.load(name, path)
                    await engine.probe(name)
                yield BenchEngine(base, settings, supervisor, engine, adapters)


@contextmanager
def gateway(
    running: BenchEngine, documents: Sequence[Document] = (), furnish: Callable[[Path], None] | None = None
) -> Iterator[tuple[str, Path]]:
    """The URL and the home of a Crossover server in front of that vLLM, with these documents indexed.

    Args:
        furnish: puts more into the home before the server starts.
    """
    os.environ["CROSSOVER_VLLM_URL"] = running.supervisor.url
    os.environ["CROSSOVER_VLLM_API_KEY"] = running.supervisor.api_key
    home = Path(tempfile.mkdtemp(prefix="gateway-", dir=running.settings.home))
    if documents:
        with Index.open(load(home=home)) as index:
            index.add(list(documents))
    if furnish:
        furnish(home)
    with running_server(home, Console(stderr=True)) as url:
        yield url, home
