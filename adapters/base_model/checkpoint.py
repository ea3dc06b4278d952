"""A training run's state on disk, complete or absent, and its weights as a Hugging Face folder."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from crossover.adapters.base_model import WEIGHTS
from crossover.adapters.base_model.model import Reader, Shape

CHECKPOINT = "checkpoint.pt"
CURVE = "curve.csv"


@dataclass(slots=True)
class Progress:
    """How far a run is; `curve` holds one row of figures for each time it was probed."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    curve: list[dict[str, str | float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class State:
    """All that a run needs to go on as if it had never stopped."""

    progress: Progress
    tensors: dict[str, Any]
    random: dict[str, Any]


def save(folder: Path, state: State) -> None:
    """Replaces the checkpoint, then the curve; a kill in between leaves the old or the new one whole."""
    folder.mkdir(parents=True, exist_ok=True)
    progress = state.progress
    whole = {
        "progress": (progress.step, progress.tokens, progress.seconds, progress.curve),
        "tensors": state.tensors,
        "random": state.random,
    }
    buffer = io.BytesIO()
    torch.save(whole, buffer)
    _replace(folder / CHECKPOINT, buffer.getvalue())
    if progress.curve:
        table = io.StringIO()
        columns = dict.fromkeys(name for row in progress.curve for name in row)  # of a run resumed with other probes
        writer = csv.DictWriter(table, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(progress.curve)
        _replace(folder / CURVE, table.getvalue().encode())


def load(folder: Path) -> State | None:
    """The state of a run, or None where it has not begun."""
    file = folder / CHECKPOINT
    if not file.is_file():
        return None
    # Random states are plain tuples of numbers: nothing in the file needs code to be run.
    whole = torch.load(file, map_location="cpu", weights_only=True)
    step, tokens, seconds, curve = whole["progress"]
    return State(Progress(step, tokens, seconds, curve), whole["tensors"], whole["random"])


def load_weights(model: Reader, folder: Path) -> None:
    """Fills the model from a Hugging Face folder of the same shape, or of fewer layers: then it grows in depth.

    A layer too many begins as a copy of the one before it that adds nothing, so that the model answers as before
    (in the manner of stacking, Gong et al. 2019, https://proceedings.mlr.press/v97/gong19a.html).

    Raises:
        ValueError: the folder's weights are of another shape.
    """
    from safetensors.torch import load_file

    weights = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    weights.pop("lm_head.weight", None)
    try:
        model.load_state_dict(_deepened(weights, model.shape.layers))
    except RuntimeError as error:
        raise ValueError(f"{folder}: not weights of this model: {error}") from error


def _layers(weights: dict[str, torch.Tensor]) -> int:
    return len({name.split(".")[2] for name in weights if name.startswith("model.layers.")})


def _deepened(weights: dict[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    have = _layers(weights)
    if not 0 < have < layers:
        return weights
    grown = {name: tensor for name, tensor in weights.items() if not name.startswith("model.layers.")}
    sources = [have - 1 - (layers - 1 - n) * have // layers for n in range(layers)]
    for n, source in enumerate(sources):
        begins = f"model.layers.{source}."
        copied = n > 0 and source == sources[n - 1]
        for name, tensor in weights.items():
            if name.startswith(begins):
                silent = copied and name.endswith(("o_proj.weight", "down_proj.weight"))
                grown[name.replace(begins, f"model.layers.{n}.")] = torch.zeros_like(tensor) if silent else tensor
    return grown


def export(weights: dict[str, torch.Tensor], out: Path, tokenizer: Path = WEIGHTS) -> None:
    """Writes a `LlamaForCausalLM` folder in bf16, with the tokenizer's files from `tokenizer`."""
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    shape = replace(Shape(), layers=_layers(weights))
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=weights["model.embed_tokens.weight"].shape[0],
            hidden_size=shape.width,
            intermediate_size=shape.inner,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.heads,
            max_position_embeddings=shape.positions,
            rms_norm_eps=shape.epsilon,
            rope_theta=shape.theta,
            tie_word_embeddings=True,
            attention_bias=False,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        )
    )
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise ValueError(f"weights do not fit the model: missing {missing}, unexpected {unexpected}")
    model.tie_weights()
    model.to(torch.bfloat16)
    model.generation_config = GenerationConfig(
        do_sample=False, max_new_tokens=48, pad_token_id=0, bos_token_id=1, eos_token_id=2
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    model.save_pretrained(beside)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "card.json"):
        if (tokenizer / name).is_file():
            shutil.copyfile(tokenizer / name, beside / name)
    for file in (beside, *beside.iterdir()):
        file.chmod(0o755 if file.is_dir() else 0o644)  # made private, as temporary files are
    if out.exists():
        shutil.rmtree(out)
    beside.replace(out)


def _replace(file: Path, content: bytes) -> None:
    beside = file.with_name(f".{file.name}.new")
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)
