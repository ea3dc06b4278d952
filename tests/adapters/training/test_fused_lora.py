from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import AutoModelForCausalLM

from crossover.adapters.base_model import BaseModel
from crossover.adapters.training.fused_lora import fuse_lora

IDS = torch.arange(4, 64).view(2, 30)


def tuned(reader: BaseModel, dtype: torch.dtype, **options: object) -> PeftModel:
    """The built-in model with a LoRA that changes its answers."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(reader.path, dtype=dtype)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM", **options)
    return get_peft_model(model, config)


def learnt(model: PeftModel, *, autocast: bool) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of some tokens, and each trained matrix's gradient."""
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = model(input_ids=IDS, labels=IDS).loss
    loss.backward()
    return loss, {name: each.grad for name, each in model.named_parameters() if each.grad is not None}


def test_loss_and_gradients_are_pefts(reader: BaseModel) -> None:
    model = tuned(reader, torch.float32)
    loss, gradients = learnt(model, autocast=False)
    model.zero_grad()
    assert fuse_lora(model) == 56
    fused_loss, fused = learnt(model, autocast=False)
    assert torch.isclose(loss, fused_loss, rtol=1e-5)
    assert gradients.keys() == fused.keys() and len(fused) == 112
    assert all(apart(fused, gradients, name) <= 1e-4 for name in gradients)


def test_in_bfloat16_a_layer_is_as_near_to_the_exact_values_as_pefts(reader: BaseModel) -> None:
    torch.manual_seed(1)
    x, gradient = torch.randn(512, 256).bfloat16(), torch.randn(512, 256).bfloat16()

    def computed(dtype: torch.dtype, *, fused: bool) -> list[Tensor]:
        model = tuned(reader, torch.bfloat16).to(dtype)
        layer = model.get_submodule("base_model.model.model.layers.0.self_attn.q_proj")
        if fused:
            fuse_lora(model)
        given = x.to(dtype).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
            out = layer(given)
        trained = (layer.lora_A["default"].weight, layer.lora_B["default"].weight)
        return [out, *torch.autograd.grad(out, (given, *trained), gradient.to(dtype))]

    exact = computed(torch.float32, fused=False)
    for wanted, fused, pefts in zip(
        exact, computed(torch.bfloat16, fused=True), computed(torch.bfloat16, fused=False), strict=True
    ):
        assert fused.dtype == pefts.dtype
        assert (fused - wanted).norm() < 1.05 * (pefts - wanted).norm()


def apart(some: dict[str, Tensor], others: dict[str, Tensor], name: str) -> float:
    """The difference of one matrix's gradients, as a share of its size."""
    return float((some[name] - others[name]).norm() / others[name].norm())


def test_switched_off_it_is_the_base_model(reader: BaseModel) -> None:
    model = tuned(reader, torch.float32)
    expected = AutoModelForCausalLM.from_pretrained(reader.path, dtype=torch.float32)(input_ids=IDS).logits
    fuse_lora(model)
    with model.disable_adapter():
        assert torch.equal(model(input_ids=IDS).logits, expected)
    assert not torch.allclose(model(input_ids=IDS).logits, expected)


@pytest.mark.parametrize("options", [{"use_dora": True}, {"lora_dropout": 0.1}])
def test_what_is_no_plain_lora_stays_as_it_is(reader: BaseModel, options: dict[str, object]) -> None:
    assert fuse_lora(tuned(reader, torch.float32, **options)) == 0
