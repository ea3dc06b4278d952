"""Services: everything that answering needs, opened once and closed once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from crossover.adapters.base_model import BaseModel, fetched
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.promotion import reconcile, served_path
from crossover.adapters.prompt import Prompts
from crossover.adapters.registry import Registry
from crossover.indexer.document import Passage
from crossover.indexer.filters import DocumentFilter
from crossover.indexer.index import Index
from crossover.indexer.retriever import Trace
from crossover.server.compatibility import differences
from crossover.server.engine.client import Engine
from crossover.server.engine.command import can_sleep
from crossover.server.engine.prompt_embeds import PromptEmbeds
from crossover.server.examples import TrainingExamples
from crossover.server.feedback import GivenAnswers
from crossover.server.pausing import Pausing
from crossover.server.promoted import Promoted
from crossover.server.routing.circumstances import Circumstances, system_fingerprint
from crossover.server.routing.policy import FILE
from crossover.server.routing.router import Router
from crossover.server.settings import Settings

if TYPE_CHECKING:
    from crossover.server.engine.supervisor import Supervisor

logger = logging.getLogger(__name__)

_SEARCH_THREADS = 4  # the embedding model uses all cores by itself; more threads would only queue there
_RETRY_SECONDS = 1.0
_CONTEXT = 2048  # until vLLM has told its own, where neither a setting nor the model's card says


@dataclass(slots=True)
class Services:
    """What a request needs.

    Attributes:
        supervisor: our own vLLM process; None where vLLM runs elsewhere.
        context: tokens that prompt and answer may take together.
        writing: held while documents are added or deleted: one writer at a time.
        rebuilding: builds the index anew where the settings name another embedding model; ends when it is closed.
    """

    settings: Settings
    base: BaseModel
    tokenizer: ChatTokenizer
    index: Index
    registry: Registry
    promoted: Promoted
    examples: TrainingExamples
    router: Router
    engine: Engine
    supervisor: Supervisor | None
    context: int
    id: str = field(default_factory=lambda: uuid4().hex[:12])
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_SEARCH_THREADS, thread_name_prefix="search")
    )
    rebuilding: asyncio.Task[None] | None = None
    keeping: asyncio.Task[None] | None = None
    pausing: Pausing = field(init=False)
    given: GivenAnswers = field(init=False)
    fingerprint: str = field(init=False)
    """OpenAI's `system_fingerprint`: equal while the same base model is asked in the same way."""

    def __post_init__(self) -> None:
        self.pausing = Pausing(self.engine, self.supervisor, sleeps=can_sleep(self.settings))
        self.given = GivenAnswers(self.settings.feedback_answers)
        self.fingerprint = system_fingerprint(self.settings, self.base, self.tokenizer)

    @property
    def prompts(self) -> Prompts:
        """The system messages."""
        return self.settings.prompts

    @property
    def passages(self) -> int:
        """How many passages a prompt takes where the request does not say."""
        return self.settings.passages or self.base.passages

    async def search(self, query: str, k: int, only: DocumentFilter | None = None) -> list[Passage]:
        """The k best passages; embedding and index work in a thread, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.index.search, query, k, only)

    async def explain(self, query: str, k: int, only: DocumentFilter | None = None) -> Trace:
        """The same search with how it came about."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.index.explain, query, k, only)

    async def get_ready(self) -> None:
        """Waits until vLLM serves the base model and has the promoted adapters.

        Raises:
            RuntimeError: our own vLLM cannot start; the message has the end of its log.
        """
        if self.supervisor is not None:
            await self.supervisor.started()
        else:
            await self._wait_for_servers()
            await self.load_adapters()
            self.keeping = asyncio.create_task(self._keep_adapters())
        if self.settings.max_model_len is None and self.base.max_model_len is None:
            self.context = await self.engine.max_model_len() or self.context
        for version in self.promoted.all().values():
            for difference in differences(version, self.base, self.tokenizer, self.prompts):
                logger.warning("%s", difference)

    async def load_adapters(self) -> set[str]:
        """Loads what is promoted and not loaded; the served names of what cannot be, which is logged."""
        if self.supervisor is not None:  # after a crash it may have had to take another port
            next(iter(self.engine.pool.replicas)).url = self.supervisor.url
        return set(await reconcile(self.registry, self.engine, self.settings.vllm_adapter_root))

    async def missing_adapters(self) -> set[str]:
        """Promoted adapters of our base model that vLLM has not loaded, though it has room for them.

        Raises:
            EngineUnavailable: no vLLM answers.
        """
        promoted = self.promoted.all().values()
        wanted = {v.served_name for v in promoted if v.card.base_fingerprint == self.base.fingerprint}
        loaded = wanted & await self.engine.loaded() if wanted else set()
        # Of more adapters than slots, the others are loaded when they are asked for.
        return wanted - loaded if len(loaded) < len(self.engine.fitting(list(wanted))) else set()

    async def _keep_adapters(self) -> None:
        """Loads again what a vLLM that is not ours has lost, after a restart say."""
        failed: set[str] = set()
        while True:
            await asyncio.sleep(_RETRY_SECONDS)
            with suppress(RuntimeError, ValueError):
                if await self.missing_adapters() - failed:
                    failed = await self.load_adapters()

    async def _wait_for_servers(self) -> None:
        told: list[str] = []
        while troubles := await self.engine.troubles():
            if troubles != told:
                logger.warning("waiting: %s", "; ".join(troubles))
                told = troubles
            await asyncio.sleep(_RETRY_SECONDS)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """The services while the model gets ready: `Services.get_ready` waits for it.

    Raises:
        LookupError: no such base model.
        IndexLocked: another process holds the index of this home.
        NoEngine: vLLM is not installed and none is named.
    """
    base = await asyncio.to_thread(fetched, settings.base_model)
    tokenizer = await asyncio.to_thread(ChatTokenizer, base.path, settings.chat_template_kwargs)
    registry = Registry(settings.home, max_rank=settings.max_lora_rank, base_fingerprint=base.fingerprint)
    supervisor = None if settings.vllm_urls else _supervisor(settings, base)
    async with AsyncExitStack() as stack:
        # Before vLLM is started: who does not get the index needs no engine.
        index = stack.enter_context(await asyncio.to_thread(Index.open, settings))
        promoted = Promoted(registry, settings.default_adapter)
        engine = await stack.enter_async_context(_engine(settings, base, promoted, supervisor))
        services = Services(
            settings=settings,
            base=base,
            tokenizer=tokenizer,
            index=index,
            registry=registry,
            promoted=promoted,
            examples=TrainingExamples(registry, index),
            router=_router(settings, base, tokenizer, registry),
            engine=engine,
            supervisor=supervisor,
            context=settings.max_model_len or base.max_model_len or _CONTEXT,
        )
        stack.callback(services.threads.shutdown, wait=False)
        stack.callback(lambda: services.keeping and services.keeping.cancel())
        if index.outdated:
            services.rebuilding = asyncio.create_task(_rebuild(index))
        if supervisor is not None:
            supervisor.on_ready = services.load_adapters
            await stack.enter_async_context(supervisor)
        yield services


async def _rebuild(index: Index) -> None:
    logger.info("the index is built anew; until then the old one answers")
    try:
        if await asyncio.to_thread(index.rebuild):
            logger.info("the new index answers")
    except (ValueError, RuntimeError, OSError) as error:
        logger.error("the index could not be built anew, the old one goes on: %s", error)


def _router(settings: Settings, base: BaseModel, tokenizer: ChatTokenizer, registry: Registry) -> Router:
    now = Circumstances.of(settings, base, tokenizer)
    router = Router(settings.home / FILE, now, registry.names, settings)
    _ = router.policy  # read now, so that a refused one is told at the start
    return router


def _supervisor(settings: Settings, base: BaseModel) -> Supervisor:
    from crossover.server.engine.supervisor import Supervisor

    return Supervisor(settings, base)


def _engine(settings: Settings, base: BaseModel, promoted: Promoted, supervisor: Supervisor | None) -> Engine:
    registry = promoted.registry
    key = settings.vllm_api_key.get_secret_value() if settings.vllm_api_key else None
    engine = Engine(
        [supervisor.url] if supervisor else settings.vllm_urls,
        base.name,
        api_key=supervisor.api_key if supervisor else key,
        adapter_path=lambda name: served_path(registry, registry.resolve(name), settings.vllm_adapter_root),
        prompt_embeds=PromptEmbeds(registry, base),
        slots=settings.max_loras,
        pinned=lambda: promoted.served_names(settings.pinned),
    )
    if supervisor:
        engine.pool.situation = supervisor.situation
    return engine
