from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from peft import get_peft_model
from transformers import AutoModelForCausalLM

from crossover.adapters.base_model import BaseModel
from crossover.adapters.training.device import choose_device
from crossover.adapters.training.memory import Cut, Shape, TooLittleMemory, cut, shape_of
from crossover.adapters.training.methods import lora_config
from crossover.adapters.training.options import TrainOptions

GIB = 1 << 30
# Llama 3 8B in bfloat16 with rank 16.
LARGE = Shape(bytes=16 * GIB, trained=42_000_000, layers=32, hidden=4096, intermediate=14336)


def test_a_models_shape_is_that_of_the_model_that_is_trained(reader: BaseModel) -> None:
    shape = shape_of(reader.path, 8, torch.bfloat16)
    model = AutoModelForCausalLM.from_pretrained(reader.path, dtype=torch.bfloat16)
    assert shape.bytes == sum(each.numel() * each.itemsize for each in model.parameters())
    tuned = get_peft_model(model, lora_config(TrainOptions("x", rank=8)))
    assert shape.trained == sum(each.numel() for each in tuned.parameters() if each.requires_grad)


def test_what_fits_is_computed_at_once_and_what_does_not_in_smaller_parts() -> None:
    cuts = [cut(LARGE, 8, 2000, free * GIB, "cuda:0") for free in (160, 40, 24, 21)]
    assert cuts[0] == Cut(8, checkpointing=False)
    assert cuts[1] == Cut(8, checkpointing=True)
    assert cuts[2].checkpointing and 1 <= cuts[2].rows < 8 and 8 % cuts[2].rows == 0
    assert [one.rows for one in cuts] == sorted((one.rows for one in cuts), reverse=True)


def test_more_tokens_and_no_checkpointing_need_more() -> None:
    assert LARGE.needed(100, checkpointing=True) < LARGE.needed(200, checkpointing=True)
    assert LARGE.needed(200, checkpointing=True) < LARGE.needed(200, checkpointing=False)
    assert replace(LARGE, trained=0).needed(1, checkpointing=True) < LARGE.needed(1, checkpointing=True)


def test_what_never_fits_is_refused_with_the_figures_and_the_ways_out() -> None:
    with pytest.raises(TooLittleMemory) as refused:
        cut(LARGE, 8, 2000, 3 * GIB, "cuda:0")
    for part in ("cuda:0 has 3.0 GiB free", "16.0 for the model", "one row of 2000 tokens", "--pause-serving"):
        assert part in str(refused.value)


def test_a_device_that_is_none_or_not_here_is_refused_by_name() -> None:
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(ValueError, match="--device gpu: expected cpu, cuda or cuda:N"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(RuntimeError, match="--device cuda:1: PyTorch sees no such GPU"):
            choose_device("cuda:1")
