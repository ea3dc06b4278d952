"""Adapters from elsewhere: a folder that PEFT saved, validated against the base model here, registered with a card.

What nobody wrote down (system messages, often the chat template) is unknown on the card, not guessed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossover.adapters.base_model import BaseModel
from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.registry import AdapterVersion, Registry, check_name
from crossover.adapters.servable import CONFIG, WEIGHTS, NotServable, check_servable

_MODULE = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<side>[AB])(?:\.default)?\.weight")

# What the card says of it, and what PEFT calls that.
_TOLD = {"r": "r", "rank": "r", "lora_alpha": "lora_alpha", "use_rslora": "use_rslora"}


def import_adapter(
    folder: Path,
    name: str,
    base: BaseModel,
    template: str,
    registry: Registry,
    *,
    same_base: bool = False,
    command: str = "",
) -> AdapterVersion:
    """The adapter in a folder as a version of `name`, registered, not promoted; the folder stays as it is.

    Args:
        folder: as PEFT's save_pretrained leaves it.
        name: what it shall be called.
        base: the base model that is served.
        template: digest of that model's chat template.
        registry: where it goes; refuses what vLLM cannot serve.
        same_base: the base model that its configuration names is this one under another name.
        command: the command line, for the card.

    Raises:
        ValueError: the name is no proper name, or there is no such folder.
        NotServable: it is of another base model or chat template, or vLLM cannot serve it.
    """
    check_name(name)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder; give the one with {CONFIG} and {WEIGHTS}")
    config = check_servable(folder)
    if not same_base:
        _check_name(folder, config, base)
    if config["peft_type"] == "LORA":
        _check_shapes(folder, base)
    else:
        _check_width(folder, config, base)
    theirs = _template(folder)
    if theirs and theirs != template:
        raise NotServable(
            f"{folder}: its chat template ({theirs}) is not that of {base.name} ({template}), so it would be asked "
            "otherwise than it was trained; set CROSSOVER_BASE_MODEL to the model with its template"
        )
    card = AdapterCard(
        name=name,
        base_model=base.name,
        base_fingerprint=base.fingerprint,
        chat_template=theirs,
        prompts="",
        method="imported",
        hyperparameters={name: config[key] for name, key in _TOLD.items() if key in config},
        command=command,
        data=DataCard(name="unknown", fingerprint="", examples=0),
        trained_at=datetime.fromtimestamp((folder / WEIGHTS).stat().st_mtime, UTC),
    )
    registry.folder.mkdir(parents=True, exist_ok=True)
    copy = Path(tempfile.mkdtemp(prefix=".importing-", dir=registry.folder))
    try:
        for file in (CONFIG, WEIGHTS):
            shutil.copyfile(folder / file, copy / file)
        copy.chmod(0o755)  # a vLLM server of another user reads it
        return registry.add(copy, card)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _check_name(folder: Path, config: dict[str, Any], base: BaseModel) -> None:
    named = str(config.get("base_model_name_or_path") or "nothing")
    if Path(named).name.casefold() not in (Path(base.name).name.casefold(), Path(base.path).name.casefold()):
        raise NotServable(
            f"{folder}: {CONFIG} names the base model {named}, but here it is {base.name}; set CROSSOVER_BASE_MODEL, "
            "or say --same-base where that is the same model under another name"
        )


def _check_shapes(folder: Path, base: BaseModel) -> None:
    """Every matrix fits its layer, where the base model's weights are here and tell its shape."""
    config = Path(base.path) / "config.json"
    if config.is_file() and json.loads(config.read_text(encoding="utf-8")).get("quantization_config"):
        return  # packed
    shapes = _base_shapes(Path(base.path))
    if "model.embed_tokens" in shapes:
        shapes.setdefault("lm_head", shapes["model.embed_tokens"])  # tied
    for module, side, shape in _matrices(folder / WEIGHTS):
        layer = shapes.get(module)
        if shapes and (layer is None or layer[side == "A"] != shape[side == "A"]):
            there = f"that layer is {list(layer)}" if layer else "there is no such layer"
            raise NotServable(
                f"{folder}: lora_{side} of {module} is {list(shape)}, but in {base.name} {there}: the adapter belongs "
                "to another model; set CROSSOVER_BASE_MODEL"
            )


def _check_width(folder: Path, config: dict[str, Any], base: BaseModel) -> None:
    """Virtual tokens are as wide as the base model's."""
    from transformers import AutoConfig

    width = AutoConfig.from_pretrained(base.path).get_text_config().hidden_size
    if config["token_dim"] != width:
        raise NotServable(
            f"{folder}: its virtual tokens are {config['token_dim']} wide, but those of {base.name} {width}: the "
            "adapter belongs to another model; set CROSSOVER_BASE_MODEL"
        )


def _matrices(file: Path) -> list[tuple[str, str, tuple[int, ...]]]:
    """Module, side (A or B) and shape of every LoRA matrix: A is (rank, in), B is (out, rank)."""
    named = [(_MODULE.fullmatch(name), name, shape) for name, shape in _shapes(file).items()]
    foreign = next((name for match, name, _ in named if match is None), None)
    if foreign is not None:
        raise NotServable(f"{file}: {foreign} is no LoRA matrix of a linear layer; vLLM loads those alone")
    return [(match["module"], match["side"], shape) for match, _, shape in named if match]


def _base_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape (out, in) of each layer's weight; empty where the weights are not in a folder here."""
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    found = {name: shape for file in files for name, shape in _shapes(file).items()}
    return {name.removesuffix(".weight"): shape for name, shape in found.items() if len(shape) == 2}


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import safe_open

    with safe_open(str(file), framework="np") as weights:
        return {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118


def _template(folder: Path) -> str:
    """The digest of the chat template beside an adapter; "" where there is none."""
    file, tokenizer = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    if file.is_file():
        template: object = file.read_text(encoding="utf-8")
    elif tokenizer.is_file():
        template = json.loads(tokenizer.read_text(encoding="utf-8")).get("chat_template")
    else:
        return ""
    return hashlib.sha256(template.encode()).hexdigest()[:12] if isinstance(template, str) and template else ""
