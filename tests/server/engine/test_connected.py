"""A vLLM that somebody else runs, with another model, which sees the adapters under another path."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from greedy import token_ids
from models import build_tiny_qwen3

from crossover.adapters.base_model import BaseModel, resolve
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.gate.trained_answers import peft_answers
from crossover.adapters.promotion import AdapterNotLoaded, promote, reconcile, rollback
from crossover.adapters.prompt import render
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.bench import prompts
from crossover.eval.bench.random_adapters import random_adapter, random_virtual_tokens, register
from crossover.server.engine.client import Engine
from crossover.server.engine.prompt_embeds import PromptEmbeds
from crossover.server.services import open_services
from crossover.server.settings import Settings

KEY = "the key of that server"
OWNER = Path(__file__).parents[2] / "vllm_owner.py"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A vLLM owned by another process.

    Attributes:
        root: where it sees the registry's adapters.
        processes: everything that must go when the owner goes.
    """

    url: str
    base: BaseModel
    registry: Registry
    root: Path
    owner: subprocess.Popen[str]
    processes: list[psutil.Process]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """A random Qwen3 behind vLLM, and two versions of the adapter `notes` for it."""
    base = resolve(str(build_tiny_qwen3(tmp_path_factory.mktemp("qwen3") / "tiny-qwen3")))
    home = tmp_path_factory.mktemp("qwen3-home")
    registry = Registry(home)
    for seed in (0, 1):
        folder = random_adapter(base, tmp_path_factory.mktemp("random") / f"notes-{seed}", seed)
        register(registry, base, "notes", folder)
    root = tmp_path_factory.mktemp("mounted") / "adapters-there"
    root.symlink_to(registry.folder)
    with subprocess.Popen(
        [sys.executable, str(OWNER), str(home), base.path, KEY], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        words = owner.stdout.readline().split()
        assert words, f"vLLM did not start; see {home}/logs/vllm.log"
        launcher = psutil.Process(int(words[1]))
        processes = [launcher, *launcher.children(recursive=True)]
        try:
            yield Elsewhere(words[0], base, registry, root, owner, processes)
        finally:
            owner.kill()
            psutil.wait_procs(processes, timeout=30)


async def test_another_architecture_is_served_hot_swapped_and_agrees_with_peft(elsewhere: Elsewhere) -> None:
    first, second = elsewhere.registry.versions("notes")
    root = str(elsewhere.root)
    tokenizer = ChatTokenizer(elsewhere.base.path)
    assert not tokenizer.takes_system
    asked = [tokenizer.encode(render(question, system="Answer briefly.")) for question in prompts.questions(6)]
    async with Engine([elsewhere.url], elsewhere.base.name, api_key=KEY) as engine:
        assert await engine.troubles() == []
        plain = await token_ids(engine, [(elsewhere.base.name, ids) for ids in asked])
        for version in (first, second):
            await promote(elsewhere.registry, engine, "notes", version.digest, root)
            assert await engine.loaded() == {version.served_name}
            answers = await token_ids(engine, [(version.served_name, ids) for ids in asked])
            assert answers != plain
            assert answers == await asyncio.to_thread(reference, elsewhere, version, asked)
        assert await rollback(elsewhere.registry, engine, "notes", root) == first
        assert await engine.max_model_len() == 512


async def test_weights_are_read_under_the_path_of_that_server(elsewhere: Elsewhere) -> None:
    async with Engine([elsewhere.url], elsewhere.base.name, api_key=KEY) as engine:
        version = await promote(
            elsewhere.registry, engine, "notes", elsewhere.registry.versions("notes")[0].digest, str(elsewhere.root)
        )
        async with engine.pool.session.get(f"{elsewhere.url}/v1/models") as response:
            cards = (await response.json())["data"]
    (card,) = [card for card in cards if card["id"] == version.served_name]
    assert card["root"] == f"{elsewhere.root}/notes/{version.digest}"


async def test_a_server_that_cannot_read_the_path_is_named_with_it(elsewhere: Elsewhere) -> None:
    before, other = elsewhere.registry.versions("notes")
    async with Engine([elsewhere.url], elsewhere.base.name, api_key=KEY) as engine:
        with pytest.raises(AdapterNotLoaded) as raised:
            await promote(elsewhere.registry, engine, "notes", other.digest, "/not/mounted")
    assert elsewhere.url in str(raised.value)
    assert f"/not/mounted/notes/{other.digest}" in str(raised.value)
    assert "CROSSOVER_VLLM_ADAPTER_ROOT" in str(raised.value)
    assert elsewhere.registry.promoted_digest("notes") == before.digest


async def test_a_p_tuned_adapter_is_refused_by_a_server_that_takes_no_embeddings(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    folder = random_virtual_tokens(elsewhere.base, tmp_path / "tones", 0)
    version = register(elsewhere.registry, elsewhere.base, "tones", folder)
    embeds = PromptEmbeds(elsewhere.registry, elsewhere.base)
    async with Engine([elsewhere.url], elsewhere.base.name, api_key=KEY, prompt_embeds=embeds) as engine:
        with pytest.raises(AdapterNotLoaded, match="start it with --enable-prompt-embeds") as raised:
            await promote(elsewhere.registry, engine, "tones", version.digest)
        assert elsewhere.url in str(raised.value)
        elsewhere.registry.set_alias("tones", version.digest)
        assert version.served_name not in await engine.loaded()
        assert set(await reconcile(elsewhere.registry, engine, str(elsewhere.root))) == {version.served_name}
    elsewhere.registry.delete("tones")


async def test_what_that_server_has_lost_is_loaded_again_by_itself(elsewhere: Elsewhere) -> None:
    settings = Settings(
        home=elsewhere.registry.folder.parent, base_model=elsewhere.base.path, vllm_url=elsewhere.url, vllm_api_key=KEY,
        vllm_adapter_root=str(elsewhere.root),
    )  # fmt: skip
    promoted = {version.served_name for version in elsewhere.registry.promoted()}
    async with open_services(settings) as services:
        await services.get_ready()
        assert await services.missing_adapters() == set()
        for name in promoted:
            await services.engine.unload(name)
        assert await services.missing_adapters() == promoted
        unloaded = time.monotonic()
        while await services.missing_adapters():
            assert time.monotonic() - unloaded < 30
            await asyncio.sleep(0.2)


def test_when_its_owner_is_killed_nothing_of_vllm_is_left(elsewhere: Elsewhere) -> None:
    assert len(elsewhere.processes) >= 3
    elsewhere.owner.kill()
    _, left = psutil.wait_procs(elsewhere.processes, timeout=30)
    assert not left


def reference(elsewhere: Elsewhere, version: AdapterVersion, asked: list[list[int]]) -> list[list[int]]:
    requests = [(version.name, ids) for ids in asked]
    return peft_answers(elsewhere.base.path, {version.name: version.path}, requests, 12, "float32")
