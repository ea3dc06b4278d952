from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.examples import Example
from crossover.adapters.promotion import promote, reconcile
from crossover.adapters.registry import AdapterInUse, AdapterVersion, Registry, UnknownAdapter
from crossover.adapters.servable import NotServable
from crossover.adapters.training.workspace import Workspace

START = datetime(2026, 1, 1, tzinfo=UTC)


def card(name: str = "support", base: str = "base1", minutes: int = 0) -> AdapterCard:
    return AdapterCard(
        name=name, base_model="reader", base_fingerprint=base, chat_template="t", prompts="p",
        data=DataCard(name="facts", fingerprint="f", examples=2), trained_at=START + timedelta(minutes=minutes),
    )  # fmt: skip


def adapter(folder: Path, value: float = 1.0, **config: object) -> Path:
    folder.mkdir(parents=True)
    weights = {"base_model.model.q.lora_A.weight": np.full((4, 8), value, np.float32)}
    save_file(weights, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q", "k"], "bias": "none"} | config
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return folder


def add(registry: Registry, folder: Path, value: float, name: str = "support") -> AdapterVersion:
    return registry.add(adapter(folder, value), card(name, minutes=int(value)))


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_an_added_adapter_is_found_by_name_digest_and_the_beginning_of_it(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = add(registry, tmp_path / "work", 1)
    assert version.served_name == f"support@{version.digest}"
    assert registry.names() == ["support"]
    assert registry.resolve(version.served_name) == registry.resolve(f"support@{version.digest[:6]}") == version
    assert version.card.digest == version.digest and not (tmp_path / "work").exists()


def test_the_same_weights_are_one_version_whatever_order_peft_wrote_the_modules_in(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    first = registry.add(adapter(tmp_path / "a", target_modules=["q", "k"]), card())
    second = registry.add(adapter(tmp_path / "b", target_modules=["k", "q"]), card(minutes=5))
    assert first == second and len(registry.versions("support")) == 1
    assert add(registry, tmp_path / "c", 2).digest != first.digest


def test_the_versions_that_learned_from_a_document_are_named(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    learned = card().model_copy(update={"documents": {"travel.md": ["0123"], "food.md": ["4567"]}})
    version = registry.add(adapter(tmp_path / "a", 1), learned)
    add(registry, tmp_path / "b", 2)
    assert registry.trained_on(["absent.md", "travel.md"]) == [version.served_name]
    assert registry.trained_on(["absent.md"]) == registry.trained_on([]) == []


def test_nothing_is_promoted_until_an_alias_is_set(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = add(registry, tmp_path / "a", 1)
    assert registry.promoted() == []
    with pytest.raises(UnknownAdapter, match="no version of 'support' is promoted; crossover adapters promote"):
        registry.resolve("support")
    registry.set_alias("support", version.digest)
    assert registry.promoted() == [version] == [registry.resolve("support")]


def test_rollback_goes_back_step_by_step(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    first, second, third = (add(registry, tmp_path / str(n), n) for n in (1, 2, 3))
    for version in (first, second, second, third):
        registry.set_alias("support", version.digest)
    assert registry.history("support") == [first.digest, second.digest]
    for expected in (second, first):
        assert registry.rollback_target("support") == expected
        registry.set_alias("support", expected.digest)
    with pytest.raises(UnknownAdapter, match="no earlier version"):
        registry.rollback_target("support")


def test_a_version_that_was_deleted_is_no_target_of_a_rollback(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    first, second = (add(registry, tmp_path / str(n), n) for n in (1, 2))
    registry.set_alias("support", first.digest)
    registry.set_alias("support", second.digest)
    registry.delete("support", first.digest)
    assert registry.history("support") == []


def test_the_promoted_version_is_not_deleted_alone_but_the_whole_adapter_is(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = add(registry, tmp_path / "a", 1)
    registry.set_alias("support", version.digest)
    with pytest.raises(AdapterInUse, match="is promoted; promote another"):
        registry.delete("support", version.digest)
    assert registry.delete("support") == [version.digest]
    assert registry.names() == [] and list((tmp_path / "adapters").iterdir()) == []


def test_unknown_names_and_versions_say_what_there_is(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with pytest.raises(UnknownAdapter, match="no adapter 'support'; there are: none yet"):
        registry.versions("support")
    version = add(registry, tmp_path / "a", 1)
    with pytest.raises(UnknownAdapter, match=f"no such version; there are: {version.served_name}"):
        registry.resolve("support@ffffffffffff")
    with pytest.raises(UnknownAdapter):
        registry.resolve("../support@x")


@pytest.mark.parametrize("name", ["", "a/b", "a@b", "..", "a b", "x" * 65, "-a"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="adapter name"):
        Registry(tmp_path).add(adapter(tmp_path / "work"), card(name))


@pytest.mark.parametrize(
    "config, reason",
    [
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"r": 64}, "rank 64 is above CROSSOVER_MAX_LORA_RANK=16"),
        ({"rank_pattern": {"q": 32}}, "rank 32 is above"),
        ({"peft_type": "PROMPT_TUNING"}, "peft_type 'PROMPT_TUNING'"),
        ({"use_dora": True}, "DoRA"),
        ({"bias": "all"}, "bias 'all'"),
    ],
)
def test_what_vllm_cannot_serve_is_refused_and_nothing_is_written(
    tmp_path: Path, config: dict[str, object], reason: str
) -> None:
    folder = adapter(tmp_path / "work", **config)
    before = files(tmp_path)
    with pytest.raises(NotServable, match=reason):
        Registry(tmp_path, max_rank=16).add(folder, card())
    assert files(tmp_path) == before


def test_pickled_weights_are_refused_by_name(tmp_path: Path) -> None:
    folder = adapter(tmp_path / "work")
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(NotServable, match=r"no adapter_model.safetensors but adapter_model.bin"):
        Registry(tmp_path).add(folder, card())


def test_weights_that_are_no_safetensors_are_refused(tmp_path: Path) -> None:
    folder = adapter(tmp_path / "work")
    (folder / "adapter_model.safetensors").write_bytes(b"nonsense" * 9)
    with pytest.raises(NotServable, match="no safetensors file"):
        Registry(tmp_path).add(folder, card())


def test_an_adapter_of_another_base_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotServable, match=r"trained on reader \(base1\), but the base model here is base2"):
        Registry(tmp_path, base_fingerprint="base2").add(adapter(tmp_path / "work"), card())


def test_a_version_without_a_card_is_not_there_and_is_replaced(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = add(registry, tmp_path / "a", 1)
    (version.path / "card.json").unlink()
    assert registry.names() == []
    assert add(registry, tmp_path / "b", 1) == version


def test_training_examples_are_those_that_lie_beside_the_weights(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    assert registry.training_examples(add(registry, tmp_path / "a", 1)) == []
    folder = adapter(tmp_path / "b", 2)
    (folder / "train.jsonl").write_text(Example("Who?", "Anna").to_json() + "\n")
    assert registry.training_examples(registry.add(folder, card())) == [Example("Who?", "Anna", line=1)]


def test_an_adapter_that_is_being_trained_is_not_deleted(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = add(registry, tmp_path / "new", 1)
    with Workspace(tmp_path / "adapters" / "support", ["x"]), pytest.raises(AdapterInUse, match="is being trained"):
        registry.delete("support")
    assert registry.delete("support") == [version.digest]


class SlowHost:
    """Where adapters are served; answers under way on one of them end when they are told to."""

    def __init__(self) -> None:
        self.changing = asyncio.Lock()
        self.served: set[str] = set()
        self.ended = asyncio.Event()

    async def load(self, name: str, path: str | Path) -> None:
        self.served.add(name)

    async def unload(self, name: str) -> None:
        self.served.discard(name)

    async def loaded(self) -> set[str]:
        return self.served

    def fitting(self, names: Sequence[str]) -> list[str]:
        return list(names)

    async def probe(self, name: str) -> None: ...

    async def drained(self, name: str) -> None:
        await self.ended.wait()


async def test_a_version_that_is_promoted_again_while_it_drains_stays_loaded(tmp_path: Path) -> None:
    registry, host = Registry(tmp_path), SlowHost()
    first, second = add(registry, tmp_path / "first", 1), add(registry, tmp_path / "second", 2)
    await promote(registry, host, "support", first.digest)
    replacing = asyncio.create_task(promote(registry, host, "support", second.digest))
    await asyncio.sleep(0)  # it waits for the answers of the first
    registry.record_gate(first, {"outcome": "passed", "sentences": []})
    again = asyncio.create_task(promote(registry, host, "support", first.digest))
    await asyncio.sleep(0)
    host.ended.set()
    await asyncio.gather(replacing, again)
    assert host.served == {first.served_name}


async def test_an_adapter_of_another_base_model_is_not_served(tmp_path: Path) -> None:
    version = add(Registry(tmp_path), tmp_path / "first", 1)
    registry, host = Registry(tmp_path, base_fingerprint="another"), SlowHost()
    with pytest.raises(NotServable, match="trained on"):
        await promote(registry, host, "support", version.digest)
    registry.set_alias("support", version.digest)
    assert set(await reconcile(registry, host)) == {version.served_name}
    assert host.served == set()
