from __future__ import annotations

import pytest
import torch

from crossover.adapters.training.methods import method_of
from crossover.adapters.training.options import TrainOptions


def options(method: str, **others: object) -> TrainOptions:
    return TrainOptions(name="x", method=method, **others)  # type: ignore[arg-type]


def test_an_unknown_method_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="--method lore: no such method; choose from lora, qlora, dora"):
        method_of(options("lore"))


def test_dora_is_refused_as_long_as_vllm_refuses_it() -> None:
    with pytest.raises(ValueError, match=r"vLLM does not serve DoRA.*--method lora"):
        method_of(options("dora"))
    from vllm.lora.peft_helper import PEFTHelper

    helper = PEFTHelper(r=8, lora_alpha=16, target_modules=["q_proj"], use_dora=True)
    assert any("DoRA" in told for told in helper._validate_features())


def test_rslora_is_scaled_by_vllm_as_peft_scales_it() -> None:
    from vllm.lora.peft_helper import PEFTHelper

    config = method_of(large := options("lora", rank=64, rslora=True)).peft_config(large)
    helper = PEFTHelper(r=64, lora_alpha=config.lora_alpha, target_modules=["q_proj"], use_rslora=True)
    assert config.use_rslora and helper.vllm_lora_scaling_factor == config.lora_alpha / 8 == 1.0
    assert options("lora", rank=16, rslora=True).lora_alpha / 4 == options("lora", rank=16).lora_alpha / 16


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_qlora_without_a_gpu_is_refused_with_the_reason() -> None:
    with pytest.raises(RuntimeError, match="on a GPU, and there is none here; train with --method lora"):
        method_of(options("qlora"))
