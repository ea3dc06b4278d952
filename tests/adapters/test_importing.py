"""Adapters that PEFT saved elsewhere: taken as they are when they fit, refused with the reason when not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from crossover.adapters.base_model import BaseModel
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.importing import import_adapter
from crossover.adapters.prompt import Prompts
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.servable import NotServable
from crossover.eval.bench.random_adapters import random_adapter
from crossover.server.cli import app
from crossover.server.compatibility import differences


@pytest.fixture(scope="module")
def saved(reader: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What PEFT leaves of an adapter of the built-in model."""
    return random_adapter(reader, tmp_path_factory.mktemp("elsewhere") / "lora", 1, rank=4)


@pytest.fixture
def foreign(saved: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    folder = tmp_path / "lora"
    folder.mkdir()
    for file in saved.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def configure(folder: Path, **changes: Any) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def imported(folder: Path, base: BaseModel, home: Path, **options: Any) -> AdapterVersion:
    template = ChatTokenizer(base.path).digest
    return import_adapter(folder, "support", base, template, Registry(home, max_rank=32), **options)


def test_an_adapter_that_fits_is_registered_and_its_folder_stays(
    reader: BaseModel, tokenizer: ChatTokenizer, foreign: Path, tmp_path: Path
) -> None:
    configure(foreign, base_model_name_or_path=f"/somewhere/else/{reader.name}")
    before = {file.name: file.read_bytes() for file in foreign.iterdir()}
    version = imported(foreign, reader, tmp_path)
    assert (version.card.method, version.card.base_fingerprint) == ("imported", reader.fingerprint)
    assert sorted(file.name for file in version.path.iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors", "card.json",
    ]  # fmt: skip
    assert {file.name: file.read_bytes() for file in foreign.iterdir()} == before
    assert imported(foreign, reader, tmp_path) == version
    assert differences(version, reader, tokenizer, Prompts()) == []


def test_the_chat_template_beside_it_must_be_that_of_the_base_model(
    reader: BaseModel, foreign: Path, tmp_path: Path
) -> None:
    configure(foreign, base_model_name_or_path=reader.name)
    template = Path(reader.path, "chat_template.jinja").read_text()
    (foreign / "chat_template.jinja").write_text(template)
    assert imported(foreign, reader, tmp_path).card.chat_template == ChatTokenizer(reader.path).digest
    (foreign / "chat_template.jinja").write_text("{{ messages[0].content }}")
    with pytest.raises(NotServable, match=r"its chat template .* is not that of crossover-reader"):
        imported(foreign, reader, tmp_path)


@pytest.mark.parametrize(
    "changes, reason",
    [
        (
            {"base_model_name_or_path": "meta-llama/Llama-3.2-1B"},
            "names the base model meta-llama/Llama-3",
        ),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"r": 64}, "rank 64 is above CROSSOVER_MAX_LORA_RANK=32"),
        ({"r": None}, "expected a whole number above 0"),
        ({"use_dora": True}, "DoRA"),
        ({"lora_bias": True}, "lora_bias"),
        ({"init_lora_weights": "pissa"}, "changes the base model's weights"),
        ({"peft_type": "IA3"}, "LORA and P_TUNING can be served"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_left(
    reader: BaseModel, foreign: Path, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    configure(foreign, **({"base_model_name_or_path": reader.name} | changes))
    with pytest.raises(NotServable, match=reason):
        imported(foreign, reader, tmp_path / "home")
    assert list((tmp_path / "home").rglob("*")) in ([], [tmp_path / "home" / "adapters"])


def test_matrices_of_another_shape_or_layer_are_refused_whatever_the_name_says(
    reader: BaseModel, qwen3: BaseModel, foreign: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotServable, match=r"lora_A of .* is \[4, \d+\], but in .* that layer is \["):
        imported(foreign, qwen3, tmp_path, same_base=True)
    weights = load_file(foreign / "adapter_model.safetensors")
    weights["base_model.model.model.layers.99.mlp.up_proj.lora_A.weight"] = torch.ones(4, 8)
    save_file(weights, foreign / "adapter_model.safetensors")
    with pytest.raises(NotServable, match=r"layers\.99\.mlp\.up_proj .* there is no such layer"):
        imported(foreign, reader, tmp_path, same_base=True)


def test_it_is_imported_by_the_command_and_the_list_says_what_must_be_trained_again(
    reader: BaseModel, qwen3: BaseModel, foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "home"))
    configure(foreign, base_model_name_or_path="other/name")

    def crossover(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["adapters", *arguments])

    refused = crossover("import", str(foreign), "--name", "support")
    assert refused.exit_code == 2 and "--same-base" in refused.stderr
    told = crossover("import", str(foreign), "--name", "support", "--same-base")
    assert told.exit_code == 0 and "chat template and system messages that it was trained under" in told.stdout
    assert "to train it again" not in crossover("list").stdout

    monkeypatch.setenv("CROSSOVER_BASE_MODEL", qwen3.path)
    assert "is of another base model" in crossover("list").stdout
    (listed,) = json.loads(crossover("list", "--json").stdout)["adapters"]
    assert listed["versions"][0]["train_again"] is True


def test_a_base_model_of_packed_weights_tells_no_shapes(reader: BaseModel, saved: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    shutil.copytree(reader.path, packed)
    config = json.loads((packed / "config.json").read_text())
    (packed / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "awq"}}))
    weights = load_file(packed / "model.safetensors")
    name = next(name for name in weights if name.endswith("q_proj.weight"))
    weights[name.replace(".weight", ".qweight")] = weights.pop(name)
    save_file(weights, packed / "model.safetensors")
    assert imported(saved, replace(reader, path=str(packed)), tmp_path / "home", same_base=True).card.name == "support"
