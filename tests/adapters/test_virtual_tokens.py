"""The input embeddings that stand behind virtual tokens are those of the model's own layer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM, GemmaConfig

from crossover.adapters.base_model import BaseModel
from crossover.adapters.servable import NotServable, check_servable
from crossover.adapters.virtual_tokens import InputEmbeddings

IDS = [0, 3, 3, 42, 399]


@pytest.mark.parametrize("shard", ["5GB", "60KB"])
def test_they_are_read_from_the_weights_alone(qwen3: BaseModel, tmp_path: Path, shard: str) -> None:
    model = AutoModelForCausalLM.from_pretrained(qwen3.path)
    model.save_pretrained(tmp_path, max_shard_size=shard)
    with torch.no_grad():
        assert torch.equal(InputEmbeddings(str(tmp_path)).of(IDS), model.get_input_embeddings()(torch.tensor(IDS)))


def test_they_are_scaled_where_the_architecture_scales_them(tmp_path: Path) -> None:
    small = GemmaConfig(
        vocab_size=400, hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, head_dim=32,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(small, dtype=torch.bfloat16)
    model.save_pretrained(tmp_path)
    with torch.no_grad():
        assert torch.equal(InputEmbeddings(str(tmp_path)).of(IDS), model.get_input_embeddings()(torch.tensor(IDS)))


def virtual(folder: Path, tensor: str = "prompt_embeddings", **config: object) -> Path:
    save_file({tensor: np.ones((8, 64), np.float32)}, folder / "adapter_model.safetensors")
    told = {"peft_type": "P_TUNING", "task_type": "CAUSAL_LM", "num_virtual_tokens": 8, "token_dim": 64} | config
    (folder / "adapter_config.json").write_text(json.dumps(told))
    return folder


def test_virtual_tokens_can_be_served(tmp_path: Path) -> None:
    assert check_servable(virtual(tmp_path), max_rank=1)["num_virtual_tokens"] == 8


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"peft_type": "PREFIX_TUNING"}, "'PREFIX_TUNING'; LORA and P_TUNING can be served"),
        ({"peft_type": "PROMPT_TUNING"}, "LORA and P_TUNING can be served"),
        ({"task_type": "SEQ_2_SEQ_LM"}, "not CAUSAL_LM"),
        ({"num_virtual_tokens": 9}, r"expected prompt_embeddings of \[9, 64\] alone"),
        ({"tensor": "base_model.model.q.lora_A.weight"}, "expected prompt_embeddings"),
    ],
)
def test_other_prompts_that_are_learnt_cannot(tmp_path: Path, changes: dict[str, str], reason: str) -> None:
    with pytest.raises(NotServable, match=reason):
        check_servable(virtual(tmp_path, **changes))
