"""The gate before a promotion: our engine answers, and the verdict stands on the version's card."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from crossover.adapters.digest import weight_bytes
from crossover.adapters.gate.decision import GateRefused, Parity, Verdict, not_gated
from crossover.adapters.gate.evaluate import evaluate
from crossover.adapters.gate.questions import Item
from crossover.adapters.promotion import served_path
from crossover.adapters.prompt import Message
from crossover.adapters.registry import AdapterVersion
from crossover.adapters.thoughts import without_thoughts
from crossover.server.compatibility import differences
from crossover.server.engine.client import GenerationRequest
from crossover.server.engine.command import command
from crossover.server.judging import judge
from crossover.server.services import Services

_AT_ONCE = 32
_LEAST_TOKENS, _MOST_TOKENS = 24, 512
_PARITY_TOKENS = 16
_PARITY_SECONDS = 300
_TIMES_THE_WEIGHTS = 3  # memory that a model takes on its way into a process


async def gate(services: Services, version: AdapterVersion) -> Verdict:
    """The verdict on a version, which is loaded for as long as it is asked.

    Raises:
        NotServable: vLLM could not serve it.
        RuntimeError: the engine cannot answer now.
    """
    services.registry.check(version)
    statistics = judge()
    if statistics is None:
        return not_gated("this process has no statistics to compare with")
    settings = services.settings
    async with EngineAsker(services, version) as asker:
        return await evaluate(
            version, services.registry, asker, statistics, margin=settings.gate_margin, limit=settings.gate_examples
        )


async def pass_gate(services: Services, version: AdapterVersion, *, force: bool) -> Verdict:
    """The verdict that lets a version through, recorded on its card with the force that it took.

    Raises:
        GateRefused: it may not be promoted.
    """
    if services.registry.promoted_digest(version.name) == version.digest:
        return not_gated(f"{version.served_name} is the version that answers already")
    verdict = await gate(services, version)
    forced = force and not verdict.passed
    services.registry.record_gate(version, verdict.document() | {"at": _now(), "forced": forced})
    if not verdict.passed and not force:
        raise GateRefused(version.served_name, verdict)
    return verdict


class EngineAsker:
    """Answers by our engine (an :class:`crossover.adapters.gate.evaluate.Asker`).

    Args:
        services: engine, tokenizer, prompts.
        version: loaded when it is first asked, and unloaded at the end if it was not before.
    """

    def __init__(self, services: Services, version: AdapterVersion) -> None:
        self._services, self._version = services, version
        self._brought = False
        self._context = services.context - version.virtual_tokens

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        registry, engine = self._services.registry, self._services.engine
        if self._brought:
            async with engine.changing:
                if registry.promoted_digest(self._version.name) != self._version.digest:
                    await engine.unload(self._version.served_name)

    async def answers(self, version: AdapterVersion | None, items: Sequence[Item]) -> list[str]:
        """The greedy answers of a version, in the items' order; None: of the base model."""
        await self._load(version)
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def answer(item: Item) -> str:
            async with at_once:
                prompt = self.encode(item, with_adapter=version is not None)
                return without_thoughts(await self._generate(version, prompt, self.room(item, len(prompt))))

        return list(await asyncio.gather(*(answer(item) for item in items)))

    async def parity(self, version: AdapterVersion, items: Sequence[Item]) -> Parity:
        """How many of the served answers PEFT gives too, in a process of its own, on the same tokens."""
        if why_not := _no_parity(Path(self._services.base.path)):
            return Parity(why_not=why_not)
        encoded = (self.encode(item, with_adapter=True) for item in items)
        prompts = [prompt for prompt in encoded if len(prompt) + _PARITY_TOKENS <= self._context]
        served = [await self._generate(version, prompt, _PARITY_TOKENS) for prompt in prompts]
        try:
            trained = await self._trained(version, prompts)
        except (OSError, TimeoutError, ValueError) as error:
            return Parity(why_not=f"the trained adapter could not be asked ({str(error).strip()[-200:]})")
        same = sum(answer.strip() == other for answer, other in zip(served, trained, strict=True))
        return Parity(same, len(served))

    def mismatches(self, version: AdapterVersion) -> list[str]:
        """What differs between how a version was trained and how it would be asked."""
        services = self._services
        told = differences(version, services.base, services.tokenizer, services.prompts)
        trained = version.card.hyperparameters.get("template_kwargs")
        if trained is not None and trained != services.settings.chat_template_kwargs:
            told.append(
                f"{version.served_name} was trained under the chat template variables {json.dumps(trained)}: train it "
                "again, or set CROSSOVER_CHAT_TEMPLATE_KWARGS back"
            )
        return told

    def encode(self, item: Item, *, with_adapter: bool) -> list[int]:
        """The tokens of an item, as a question is put in serving."""
        prompts = self._services.prompts
        ours = (prompts.hybrid if with_adapter else prompts.rag) if item.passages else prompts.closed
        system = "\n\n".join(part for part in (ours, item.system) if part)
        turns = [Message("system", system)] if system else []
        return self._services.tokenizer.encode([*turns, *item.messages])

    def room(self, item: Item, prompt: int) -> int:
        """How many tokens its answer may have, behind so many of the prompt."""
        wanted = 2 * self._services.tokenizer.count(item.reference) + 8
        return max(1, min(max(_LEAST_TOKENS, wanted), _MOST_TOKENS, self._context - prompt))

    async def _generate(self, version: AdapterVersion | None, prompt: Sequence[int], max_tokens: int) -> str:
        services = self._services
        if len(prompt) + max_tokens > self._context:
            return ""  # longer than the context: no version can answer it
        model = version.served_name if version else services.engine.base_model
        greedy = {"temperature": 0, "max_tokens": max_tokens}
        completion = await services.engine.generate(GenerationRequest(prompt, model, greedy))
        return completion.choices[0].text

    async def _load(self, version: AdapterVersion | None) -> None:
        if version is None or version != self._version or self._brought:
            return
        services = self._services
        if version.served_name not in await services.engine.loaded():
            path = served_path(services.registry, version, services.settings.vllm_adapter_root)
            async with services.engine.changing:
                await services.engine.load(version.served_name, path)
            self._brought = True

    async def _trained(self, version: AdapterVersion, prompts: Sequence[Sequence[int]]) -> list[str]:
        request = {
            "base": self._services.base.path,
            "adapter": str(version.path),
            "prompts": [list(prompt) for prompt in prompts],
            "max_tokens": _PARITY_TOKENS,
            "dtype": _served_dtype(self._services),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossover.adapters.gate.trained_answers",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            answers, errors = await asyncio.wait_for(
                process.communicate(json.dumps(request).encode()), timeout=_PARITY_SECONDS
            )
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise OSError(errors.decode(errors="replace"))
        return [self._services.tokenizer.decode(ids) for ids in json.loads(answers)]


def _no_parity(base: Path) -> str:
    """Why the base model cannot be loaded a second time; "" where it can."""
    if not base.is_dir():
        return "the base model is no folder on this machine"
    enough = psutil.virtual_memory().available >= _TIMES_THE_WEIGHTS * weight_bytes(base)
    return "" if enough else "there is too little memory to load the base model once more"


def _served_dtype(services: Services) -> str:
    """The precision that our own vLLM is started with; "auto" where that is not known."""
    words = command(services.settings, services.base, 0) if services.supervisor else []
    return words[len(words) - words[::-1].index("--dtype")] if "--dtype" in words else "auto"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
