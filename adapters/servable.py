"""What vLLM cannot serve is refused before it is registered, with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
VIRTUAL_TOKENS = "prompt_embeddings"
"""The one tensor that PEFT saves of P-tuning: (virtual tokens, width)."""


# As vLLM's own check of an adapter (vllm/lora/peft_helper.py), but before it is registered.
_UNSERVED = {
    "use_dora": "DoRA",
    "lora_bias": "lora_bias",
    "alora_invocation_tokens": "Activated LoRA",
    "layer_replication": "layer_replication",
    "use_bdlora": "block-diagonal LoRA",
    "use_qalora": "QALoRA",
}
_PLAIN_STARTS = {"gaussian", "eva", "orthogonal", "mica", "lora_ga"}


class NotServable(ValueError):
    """An adapter that would train or load, and then fail or answer wrongly when it is served."""


def check_servable(folder: Path, *, max_rank: int | None = None) -> dict[str, Any]:
    """The adapter configuration in a folder, when vLLM can serve it.

    Args:
        folder: holds adapter_config.json and adapter_model.safetensors.
        max_rank: the largest rank that the server takes; None: not known, not checked.

    Raises:
        NotServable: no safetensors, no or broken configuration, another method than LoRA and P-tuning, layers of its
            own (``modules_to_save``), DoRA, biases, a rank above the limit, or other virtual tokens than announced.
    """
    if not (folder / WEIGHTS).is_file():
        others = [file.name for file in folder.glob("adapter_model.*")]
        raise NotServable(
            f"{folder}: no {WEIGHTS}" + (f" but {others[0]}; save the weights as safetensors" if others else "")
        )
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotServable(f"{folder}: no {CONFIG}; save the adapter with PEFT's save_pretrained") from error
    except ValueError as error:
        raise NotServable(f"{folder / CONFIG}: broken JSON ({error})") from error
    reason = _reason(config, max_rank)
    if reason:
        raise NotServable(f"{folder}: {reason}")
    _check_tensors(folder, config)
    return dict(config)


def rank_above(rank: int, limit: int) -> str:
    """What is told of a rank that the server would not load."""
    return f"rank {rank} is above CROSSOVER_MAX_LORA_RANK={limit}; train with a lower --rank, or raise that setting"


def _reason(config: dict[str, Any], max_rank: int | None) -> str:
    if config.get("peft_type") == "P_TUNING":
        return "" if config.get("task_type") == "CAUSAL_LM" else f"task_type {config.get('task_type')!r}; not CAUSAL_LM"
    if config.get("peft_type") != "LORA":
        return f"peft_type {config.get('peft_type')!r}; LORA and P_TUNING can be served"
    if config.get("modules_to_save"):
        return f"modules_to_save {config['modules_to_save']}; vLLM does not load whole layers: train without them"
    if config.get("bias", "none") != "none":
        return f"bias {config['bias']!r}; vLLM serves LoRA without biases"
    if feature := next((name for field, name in _UNSERVED.items() if config.get(field)), None):
        return f"{feature}; vLLM does not serve it: train plain LoRA"
    start = config.get("init_lora_weights")
    if isinstance(start, str) and start.lower() not in _PLAIN_STARTS:
        return (
            f"init_lora_weights {start!r}, which changes the base model's weights too: save it with PEFT's "
            "path_initial_model_for_weight_conversion"
        )
    ranks = [config.get("r", 0), *(config.get("rank_pattern") or {}).values()]
    if not all(isinstance(rank, int) and rank > 0 for rank in ranks):
        return f"rank {ranks[0]!r}; expected a whole number above 0"
    if max_rank is not None and max(ranks) > max_rank:
        return rank_above(max(ranks), max_rank)
    return ""


def _check_tensors(folder: Path, config: dict[str, Any]) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(folder / WEIGHTS), framework="np") as weights:
            shapes = {name: weights.get_slice(name).get_shape() for name in weights.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise NotServable(f"{folder / WEIGHTS}: no safetensors file ({error})") from error
    if config["peft_type"] == "P_TUNING":
        announced = [config.get("num_virtual_tokens"), config.get("token_dim")]
        if list(shapes) != [VIRTUAL_TOKENS] or shapes[VIRTUAL_TOKENS] != announced:
            raise NotServable(f"{folder / WEIGHTS}: {shapes}; expected {VIRTUAL_TOKENS} of {announced} alone")
        return
    foreign = [name for name in shapes if ".lora_A." not in name and ".lora_B." not in name]
    if foreign or not shapes:
        raise NotServable(f"{folder / WEIGHTS}: {foreign[0] if foreign else 'empty'}; vLLM loads LoRA matrices alone")
